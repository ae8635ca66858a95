import fc from "fast-check";

/** As much of JSON Schema as our documents use. */
export interface JsonSchema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  items?: JsonSchema;
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  minItems?: number;
  maxItems?: number;
  nullable?: boolean;
}

/** Longer lists and texts say nothing new, and cost. */
const MOST_ITEMS = 4;
const MOST_CHARACTERS = 60;
const SAFE = Number.MAX_SAFE_INTEGER;

/** Values that a schema takes; where it says more than this reads, most of them. */
export function valuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  const values = plainValuesOf(schema);
  return schema.nullable ? fc.option(values) : values;
}

function plainValuesOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map(valuesOf));
  if (schema.allOf) {
    const parts = fc.tuple(...schema.allOf.map(valuesOf)) as fc.Arbitrary<object[]>;
    return parts.map((values) => Object.assign({}, ...values) as unknown);
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case "object":
      return objectsOf(schema);
    case "array":
      return fc.array(valuesOf(schema.items ?? {}), {
        minLength: Math.min(schema.minItems ?? 0, MOST_ITEMS),
        maxLength: Math.min(schema.maxItems ?? MOST_ITEMS, MOST_ITEMS),
      });
    case "string":
      return textsOf(schema);
    case "integer":
      return fc.integer({
        min: Math.max(schema.minimum ?? 0, -SAFE),
        max: Math.min(schema.maximum ?? 100_000, SAFE),
      });
    case "number":
      return fc.double({
        min: schema.minimum ?? schema.exclusiveMinimum ?? 0,
        max: schema.maximum ?? 1e6,
        noNaN: true,
      });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 1 });
  }
}

function objectsOf({ properties = {}, required = [], additionalProperties }: JsonSchema): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, valuesOf(schema)]));
  const named = fc.record(fields, { requiredKeys: required.filter((name) => name in fields) });
  if (typeof additionalProperties !== "object") return named;
  const others = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), valuesOf(additionalProperties), { maxKeys: 2 });
  return fc.tuple(named, others).map(([some, more]) => ({ ...more, ...some }));
}

function textsOf({ format, pattern, minLength = 0, maxLength = MOST_CHARACTERS }: JsonSchema): fc.Arbitrary<string> {
  if (format === "uuid") return fc.uuid({ version: 4 });
  if (format === "date-time")
    return fc
      .date({ min: new Date("2024-01-01"), max: new Date("2030-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString());
  if (format === "email") return fc.emailAddress();
  if (format === "uri") return fc.webUrl();
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, "u"));
  return fc.string({
    minLength: Math.min(minLength, MOST_CHARACTERS),
    maxLength: Math.min(maxLength, MOST_CHARACTERS),
  });
}
