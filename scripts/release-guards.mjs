// What must be so before anything is published. Publishing cannot be undone, so each of these is asked first.

/**
 * @param {object} state
 * @param {readonly { name: string, version: string, repository?: unknown }[]} state.manifests of what is to be published.
 * @param {readonly string[]} state.changesets names of changesets that no version has taken up yet.
 * @param {string} state.changed what `git status --porcelain` prints.
 * @param {Readonly<Record<string, string | undefined>>} state.env
 * @returns {string[]} what is wrong, what was expected and what to do, a line each.
 */
export function releaseProblems({ manifests, changesets, changed, env }) {
  const problems = [];
  if (changed !== "") problems.push("the tree has changes that are not committed: expected a clean one. Commit them.");
  if (changesets.length > 0) {
    problems.push(
      `${changesets.length} changesets are waiting (${changesets[0]}, …): expected none. Run \`pnpm version-packages\` and commit.`,
    );
  }
  for (const { name, version, repository } of manifests) {
    if (version === "0.0.0")
      problems.push(`${name} has version 0.0.0: expected a version that was cut. Run \`pnpm version-packages\`.`);
    if (repository === undefined) {
      problems.push(
        `${name} names no repository: expected the one that it is built in, which provenance attests. Set "repository" in its package.json.`,
      );
    }
  }
  if (!env["ACTIONS_ID_TOKEN_REQUEST_URL"]) {
    problems.push(
      "no identity token to attest provenance with: expected GitHub Actions with `id-token: write`. " +
        "Run the workflow `release`; on your own machine, `pnpm release --dry-run`.",
    );
  }
  return problems;
}
