/*
 * Writes the pages of docs/reference/ that are made from the program: the command line from its own --help, and the JSON
 * Schemas of a scenario and of what the commands write. With --check it writes nothing and ends with 1 when one of them is
 * not current.
 *
 * Needs packages/cli and apps/bench built.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { jsonSchemas } from "./json-schemas.mjs";

const root = fileURLToPath(new URL("../", import.meta.url));
const schemas = "docs/reference/schemas";
const check = process.argv.includes("--check");

function help(...command) {
  const xsp = `${root}packages/cli/bin/xsp.js`;
  const { status, stdout, stderr } = spawnSync(process.execPath, [xsp, ...command, "--help"], { encoding: "utf8" });
  if (status !== 0) throw new Error(`xsp ${command.join(" ")} --help ended with ${status}: ${stderr}`);
  return stdout.trimEnd();
}

/** The commands that a help text lists, but `help` itself. */
function commandsIn(text) {
  const [, list = ""] = /^Commands:\n((?: {2}.*\n?)+)/m.exec(text) ?? [];
  return [...list.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name).filter((name) => name !== "help");
}

function section(command, level) {
  const text = help(...command);
  const title = ["xsp", ...command].join(" ");
  const below = commandsIn(text).map((name) => section([...command, name], Math.min(level + 1, 3)));
  // Not marked as code: the site lists headings of plain text only.
  return [`${"#".repeat(level)} ${title}\n\n\`\`\`text\n${text}\n\`\`\``, ...below].join("\n\n");
}

const cliPage = `# The command line

Made from the program's own help by \`node scripts/write-reference.mjs\`; do not edit. In a clone it is \`pnpm xsp\` in place of
\`xsp\`.

${section([], 2)}
`;

const { scenarioJsonSchema } = await import(new URL("../packages/scenario/dist/index.js", import.meta.url).href);
const files = {
  "docs/reference/cli.md": cliPage,
  "docs/reference/scenario.schema.json": written(scenarioJsonSchema()),
  ...Object.fromEntries(
    Object.entries(jsonSchemas(root)).map(([name, schema]) => [`${schemas}/${name}.schema.json`, written(schema)]),
  ),
};

function written(schema) {
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

mkdirSync(`${root}${schemas}`, { recursive: true });
for (const name of readdirSync(`${root}${schemas}`)) {
  if (`${schemas}/${name}` in files) continue;
  process.exitCode = 1;
  console.error(`${schemas}/${name}: is of no form that scripts/json-schemas.mjs lists\n  do: delete it`);
}

for (const [file, content] of Object.entries(files)) {
  if (!check) {
    writeFileSync(`${root}${file}`, content);
    continue;
  }
  let present = "";
  try {
    present = readFileSync(`${root}${file}`, "utf8");
  } catch {
    // Missing is not current either.
  }
  if (present === content) continue;
  process.exitCode = 1;
  console.error(`${file}: not what the program says now\n  do: node scripts/write-reference.mjs`);
}
