export interface Schema {
  readonly properties: Readonly<Record<string, object>>;
  readonly definitions?: Readonly<Record<string, object>>;
}

export function jsonSchema(): Schema;
export function describeJson(schema: Schema): Promise<string>;
