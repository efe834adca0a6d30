import type { FieldNode, GraphQLNamedType, OperationDefinitionNode, SelectionSetNode, VariableValues } from 'graphql';
import { AskedSizes } from './asked-size.ts';
import type { BoundedDocument } from './document.ts';
import type { FieldCosts } from './field-costs.ts';
import { graphqlLibrary } from './library.ts';
import type { NamedFields } from './named-fields.ts';
import { isFieldsType, type ReadSchema } from './schema.ts';

/** What one operation comes to. */
export interface Weighed {
  readonly cost: number;
  /** The fields that have a name of their own among operations, and how often each is asked for. */
  readonly named: ReadonlyMap<string, number>;
}

/** What an operation is weighed with. */
export interface Scales {
  readonly schema: ReadSchema;
  readonly costs: FieldCosts;
  readonly named: NamedFields;
}

/** What the field around says of how many elements these fields have; null for nothing. */
interface Sized {
  readonly fields: ReadonlySet<string>;
  readonly size: number;
}

/**
 * Weighs an operation that is valid and within its bounds, with every fragment written out where it is used. What
 * directives leave out counts all the same: whether they do is the server's to say.
 */
export function weigh(
  { operation, value: root }: { readonly operation: OperationDefinitionNode; readonly value: GraphQLNamedType },
  fragments: BoundedDocument['fragments'],
  variables: VariableValues,
  scales: Scales,
): Weighed {
  const walk = new TypedWalk(fragments, variables, scales);
  const cost = walk.selections(operation.selectionSet, root, null);
  return { cost, named: walk.named };
}

class TypedWalk {
  readonly named = new Map<string, number>();
  readonly #fragments: BoundedDocument['fragments'];
  readonly #sizes: AskedSizes;
  readonly #scales: Scales;

  constructor(fragments: BoundedDocument['fragments'], variables: VariableValues, scales: Scales) {
    this.#fragments = fragments;
    this.#sizes = new AskedSizes(variables);
    this.#scales = scales;
  }

  selections({ selections }: SelectionSetNode, type: GraphQLNamedType, sized: Sized | null): number {
    let cost = 0;
    for (const selection of selections) {
      if (selection.kind === 'Field') cost += this.#field(selection, type, sized);
      else if (selection.kind === 'InlineFragment') {
        const condition = selection.typeCondition?.name.value;
        cost += this.selections(selection.selectionSet, this.#typeOf(condition) ?? type, sized);
      } else {
        const fragment = this.#fragments.get(selection.name.value);
        if (fragment === undefined) throw new Error('a valid document uses a fragment that it does not have');
        const condition = this.#typeOf(fragment.typeCondition.name.value) ?? type;
        cost += this.selections(fragment.selectionSet, condition, sized);
      }
    }
    return cost;
  }

  #typeOf(name: string | undefined): GraphQLNamedType | undefined {
    return name === undefined ? undefined : this.#scales.schema.schema.getType(name);
  }

  #field(node: FieldNode, type: GraphQLNamedType, sized: Sized | null): number {
    const name = node.name.value;
    // What is about the schema has bounds of its own.
    if (name === '__typename' || name === '__schema' || name === '__type') return 0;
    const field = isFieldsType(type) ? type.getFields()[name] : undefined;
    if (field === undefined || !isFieldsType(type))
      throw new Error('a valid document asks for a field that is not there');
    for (const each of this.#scales.named.of(type.name, name)) this.named.set(each, (this.named.get(each) ?? 0) + 1);
    const cost = this.#scales.costs.of(type, field);
    const asked = this.#sizes.of(node, cost);
    const own = cost.lists === 0 ? 1 : (asked ?? (sized?.fields.has(name) === true ? sized.size : cost.assumed));
    const size = cost.lists > 1 ? own * cost.assumed ** (cost.lists - 1) : own;
    const inner = cost.lists === 0 && asked !== null ? { fields: cost.sized, size: asked } : null;
    const given = graphqlLibrary().getNamedType(field.type);
    const below = node.selectionSet === undefined ? 0 : this.selections(node.selectionSet, given, inner);
    return cost.own + size * (cost.each + below);
  }
}
