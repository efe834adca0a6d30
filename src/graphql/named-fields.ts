import { graphqlLibrary } from './library.ts';
import { isFieldsType, type ReadSchema } from './schema.ts';

const NONE: readonly string[] = [];

/**
 * Fields that are operations by themselves, such as `Mutation.refund`. One is asked for wherever a value of its type may
 * be: also through an interface, and however deep, for a type can lead back to the root.
 */
export class NamedFields {
  readonly #byType = new Map<string, Map<string, string[]>>();

  /** `coordinates` are fields of the schema. */
  constructor({ schema }: ReadSchema, coordinates: Iterable<string>) {
    const { isInterfaceType } = graphqlLibrary();
    const types = Object.values(schema.getTypeMap()).filter(isFieldsType);
    const objects = (name: string): ReadonlySet<string> => {
      const type = schema.getType(name);
      return isInterfaceType(type) ? new Set(schema.getPossibleTypes(type).map((each) => each.name)) : new Set([name]);
    };
    const byField = new Map<string, string[]>();
    for (const type of types) {
      for (const field of Object.keys(type.getFields())) {
        const holders = byField.get(field) ?? [];
        holders.push(type.name);
        byField.set(field, holders);
      }
    }
    for (const coordinate of coordinates) {
      const [owner = '', field = ''] = coordinate.split('.');
      const own = objects(owner);
      for (const holder of byField.get(field) ?? []) {
        if (holder === owner || !own.isDisjointFrom(objects(holder))) this.#add(holder, field, coordinate);
      }
    }
  }

  /** Those that are asked for where this field is asked of a value of this type. */
  of(type: string, field: string): readonly string[] {
    return this.#byType.get(type)?.get(field) ?? NONE;
  }

  #add(type: string, field: string, coordinate: string): void {
    const fields = this.#byType.get(type) ?? new Map<string, string[]>();
    const named = fields.get(field) ?? [];
    named.push(coordinate);
    this.#byType.set(type, fields.set(field, named));
  }
}
