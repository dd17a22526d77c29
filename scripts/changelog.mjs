// Changelogs that read like one: what a changeset says stands under Fidelity, Findings, Features or Internals.
//
// A paragraph of a changeset that begins with the name of a section opens it; those after it belong to it:
//
//   Findings: `xen-4.1` lets a guest write a page table in …
//
//   Features: `xsp check --workers` uses several cores.

/** The sections, in the order in which they stand: what the model is, what it showed, what one can do with it. */
export const sections = /** @type {const} */ (["Fidelity", "Findings", "Features", "Internals"]);

const opening = new RegExp(`^(${sections.join("|")}): `);

/**
 * What a changeset says, section by section.
 *
 * @param {string} file named when something is wrong.
 * @param {string} summary the changeset without its front matter.
 * @returns {{ section: string, text: string }[]}
 */
export function changesOf(file, summary) {
  /** @type {{ section: string, text: string }[]} */
  const changes = [];
  for (const paragraph of summary.trim().split(/\n\s*\n/)) {
    const [head, section] = opening.exec(paragraph) ?? [];
    const last = changes.at(-1);
    if (head !== undefined && section !== undefined) {
      changes.push({ section, text: paragraph.slice(head.length) });
    } else if (last === undefined) {
      throw new Error(
        `${file} begins with "${paragraph.slice(0, 40)}": expected the name of a section, one of ${sections.join(", ")}, ` +
          "and a colon. Put it in front, as in `Features: …`.",
      );
    } else last.text += `\n\n${paragraph}`;
  }
  return changes;
}

/**
 * One version's part of a changelog.
 *
 * @param {string} version
 * @param {readonly { section: string, text: string, packages?: readonly string[] }[]} changes `packages` are named
 *   behind a change in the changelog of the whole.
 * @returns {string}
 */
export function changelogEntry(version, changes) {
  const parts = sections.flatMap((section) => {
    const items = changes.filter((change) => change.section === section).map(item);
    return items.length === 0 ? [] : [`### ${section}\n\n${items.join("\n")}`];
  });
  if (parts.length === 0) parts.push("Nothing of its own: released together with the packages that it depends on.");
  return `## ${version}\n\n${parts.join("\n\n")}\n`;
}

/**
 * Puts an entry on top of a changelog.
 *
 * @param {string} title
 * @param {string} entry
 * @param {string | undefined} before the changelog as it was.
 * @returns {string}
 */
export function withEntry(title, entry, before) {
  const head = `# ${title}\n`;
  return `${head}\n${entry}${before?.slice(head.length) ?? ""}`;
}

/** @param {{ text: string, packages?: readonly string[] }} change */
function item({ text, packages }) {
  const [first = "", ...others] = text.split(/\n\s*\n/).map((paragraph) => paragraph.replaceAll("\n", "\n  "));
  const named = packages === undefined ? first : `${first} (${packages.join(", ")})`;
  return [`- ${named}`, ...others.map((paragraph) => `\n  ${paragraph}`)].join("\n");
}
