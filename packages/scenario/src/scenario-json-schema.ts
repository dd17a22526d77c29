import * as z from "zod/mini";
import { scenarioField } from "./scenario-fields.ts";
import { fileSchema, formulas, lists } from "./scenario-schema.ts";

type Schema = z.core.JSONSchema.BaseSchema;

/**
 * The shape of a scenario file as JSON Schema (draft 2020-12), for editors: what they complete and mark. It is made of the
 * schema that checks the files, with the short forms and each field's meaning added.
 *
 * What only a whole file can tell, units, sizes that do not fit one another, formulas, is told by `xsp run`.
 */
export function scenarioJsonSchema(): object {
  const schema = z.toJSONSchema(fileSchema(), { io: "input", unrepresentable: "any" }) as Schema;
  return { ...described(schema, ""), title: "An XSP scenario" };
}

/** A schema with the meaning of each field, and the short form where a field has one. */
function described(schema: Schema, path: string): Schema {
  const { properties, items, ...rest } = schema;
  const field = scenarioField(path);
  const result: Schema = {
    ...rest,
    ...(field === undefined ? {} : { description: `${field.meaning}; expected: ${field.expected}` }),
  };
  if (properties !== undefined) {
    result.properties = Object.fromEntries(
      Object.entries(properties).map(([name, value]) => {
        const below = described(value as Schema, path === "" ? name : `${path}.${name}`);
        return [name, withShortForm(below, name)];
      }),
    );
  }
  if (items !== undefined && !Array.isArray(items)) {
    const item = described(items as Schema, `${path}[]`);
    result.items = path === "steps" ? { anyOf: [{ type: "string" }, item] } : item;
  }
  return result;
}

function withShortForm(schema: Schema, name: string): Schema {
  const short = lists.includes(name) ? (schema.items as Schema) : formulas.includes(name) ? numeric : undefined;
  if (short === undefined) return schema;
  const { description, ...rest } = schema;
  return { ...(description === undefined ? {} : { description }), anyOf: [short, rest] };
}

const numeric: Schema = { type: "number" };
