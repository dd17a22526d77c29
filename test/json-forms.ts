import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { workspaceRoot } from "./workspace-packages.ts";

/** The forms that docs/reference/schemas has a JSON Schema of. */
export const formNames: readonly string[] = readdirSync(join(workspaceRoot, "docs", "reference", "schemas")).map(
  (file) => file.replace(/\.schema\.json$/, ""),
);

/** The form of what the command of a fixture writes, where the fixture is not called after it. */
const formOfFixture: Readonly<Record<string, string>> = {
  "check-holds": "check",
  "check-violated": "check",
  shell: "shell-line",
};

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });

/** The schema of a form, as it is published. */
export function schemaOf(form: string): Readonly<Record<string, unknown>> {
  const file = join(workspaceRoot, "docs", "reference", "schemas", `${form}.schema.json`);
  return JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>;
}

const validators = new Map<string, ReturnType<typeof ajv.compile>>();

function validatorOf(form: string, isOld: boolean): ReturnType<typeof ajv.compile> {
  const key = `${form} ${isOld}`;
  const known = validators.get(key);
  if (known !== undefined) return known;
  const schema = schemaOf(form);
  const made = ajv.compile(isOld ? withoutRequired(schema) : schema);
  validators.set(key, made);
  return made;
}

/** A schema by which any field may be absent. */
function withoutRequired(schema: object): object {
  const text = JSON.stringify(schema, (name, value: unknown) =>
    name === "required" && Array.isArray(value) ? undefined : value,
  );
  return JSON.parse(text) as object;
}

/**
 * What a form's schema has against a document: each place, and what was expected there.
 *
 * @param isOld - of an earlier version, so that fields that were added since are absent.
 */
export function schemaProblems(form: string, document: unknown, isOld = false): string[] {
  const validate = validatorOf(form, isOld);
  void validate(document);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message ?? "is refused"}`);
}

/** The form of a fixture, with its documents: a command that writes lines writes several. */
export function documentsOf(fixture: string, output: unknown): readonly [form: string, documents: readonly unknown[]] {
  const form = formOfFixture[fixture] ?? fixture;
  return [form, form === "shell-line" ? (output as unknown[]) : [output]];
}
