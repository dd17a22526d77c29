/*
 * JSON Schemas of what the commands write, made of the TypeScript types that they write and of the TSDoc of these. A reader
 * takes no notice of what it does not know (docs/schema-versions.md), and neither do the schemas: other fields are allowed,
 * and where a text is one of a list, which may grow, the list is given as examples.
 *
 * Needs packages/cli and apps/bench built.
 */
import { join } from "node:path";
import { createGenerator } from "ts-json-schema-generator";

const DRAFT = "https://json-schema.org/draft/2020-12/schema";

/** Each form by the name of its schema: the type, the file that declares it, and what writes it. */
export const forms = {
  "bench-report": ["BenchResult", "apps/bench/dist/bench-result", "report.json of pnpm bench"],
  check: ["CheckJson", "packages/verify/dist/models/check-json", "xsp check MODEL --scheme NAME --format json"],
  "check-all": ["CheckAllJson", "packages/cli/dist/json-output", "xsp check --all --format json"],
  "check-list": ["ModelListJson", "packages/cli/dist/json-output", "xsp check --list --format json"],
  "counterexample-line": [
    "CounterexampleLine",
    "packages/checker/dist/trace/trace-exports",
    "a line of --export FILE.jsonl",
  ],
  explain: ["ExplainJson", "packages/cli/dist/json-output", "xsp explain TOKEN --format json"],
  "new-scheme": ["NewSchemeJson", "packages/cli/dist/json-output", "xsp new scheme NAME --format json"],
  "replay-token": ["ReplayTokenJson", "packages/cli/dist/json-output", "xsp replay TOKEN --format json"],
  "replay-trace": ["ReplayReport", "packages/verify/dist/replay/replay-report", "xsp replay FILE --format json"],
  "run-steps": ["StepsResult", "packages/scenario/dist/scheme-run", "xsp run SCENARIO --format json, of steps alone"],
  "run-storm": [
    "ScenarioResult",
    "packages/scenario/dist/scheme-run",
    "xsp run SCENARIO --format json, of a login storm",
  ],
  "scenario-list": ["ScenarioListJson", "packages/cli/dist/json-output", "xsp scenario list --json"],
  "shell-line": ["ShellLineJson", "packages/cli/dist/json-output", "a line of xsp shell SCENARIO --json"],
  stress: ["StressJson", "packages/cli/dist/json-output", "xsp stress TOKEN --format json"],
};

/** Every schema by its name. */
export function jsonSchemas(root) {
  const files = new Set(Object.values(forms).map(([, file]) => file));
  const generator = createGenerator({
    path: join(root, `{${[...files].join(",")}}.d.ts`),
    tsconfig: join(root, "packages/verify/tsconfig.json"),
    // Each package's own build has checked them.
    skipTypeCheck: true,
    additionalProperties: true,
    topRef: false,
  });
  return Object.fromEntries(
    Object.entries(forms).map(([name, [type, , title]]) => {
      const { $schema: _draft07, ...schema } = generator.createSchema(type);
      return [name, { $schema: DRAFT, title, ...opened(schema) }];
    }),
  );
}

/**
 * A schema of draft 2020-12, as that of a scenario, without closed lists of texts, and with text that is to be read outside
 * of the source.
 */
function opened(part) {
  if (Array.isArray(part)) return part.map(opened);
  if (typeof part !== "object" || part === null) return part;
  return Object.fromEntries(Object.entries(part).map(([name, value]) => openedKeyword(name, value)));
}

function openedKeyword(name, value) {
  if (name === "enum" && value.length > 1 && value.every((each) => typeof each === "string"))
    return ["examples", value];
  if (name === "const" && typeof value === "string") return ["examples", [value]];
  if (name === "definitions") return ["$defs", opened(value)];
  if (name === "items" && Array.isArray(value)) return ["prefixItems", opened(value)];
  if (name === "$ref") return [name, value.replace("#/definitions/", "#/$defs/")];
  if (name === "description" && typeof value === "string") return [name, plainText(value)];
  return [name, opened(value)];
}

/** `{@link other}` as `other`. */
function plainText(description) {
  return description.replaceAll(/\s*\{@link\s+([^}]*?)\s*\}\s*([.,;:)]?)\s*/g, " `$1`$2 ").trimEnd();
}
