import { cutMembers, cutNodes, type ParsedBody } from '../../../body/index.ts';
import { type CutMembers, pointerOf, type ReplyBodyFault } from '../../../openapi/index.ts';

/** What has to go of a body for it to hold. */
export interface BodyCut {
  /** The object that has the first of it, as a JSON Pointer. */
  readonly pointer: string;
  /** Whether that may not leave although it is described. */
  readonly isHidden: boolean;
  /** The body without all of it. */
  without(): Buffer;
  /** The body without what no description lets leave; null where there is nothing of that. */
  withoutHidden(): Buffer | null;
}

type Cuttable = Extract<ReplyBodyFault, { readonly reason: 'cuts' | 'xml-cuts' }>;

/** How what a judge found goes out of the body that it judged. */
export function bodyCutOf(fault: Cuttable, body: ParsedBody, bytes: Uint8Array): BodyCut {
  if (fault.reason === 'cuts' && body.kind === 'json') {
    const { cuts } = fault;
    const { value } = body;
    const cut = (members: CutMembers): Buffer => cutMembers(bytes, value, members);
    const [object, names] = [...cuts].find(([, { size }]) => size > 0) ?? [];
    if (object === undefined || names === undefined) throw new Error('nothing is to be cut');
    const isHidden = [...names.values()].includes('hidden');
    const whole = { pointer: pointerOf(value, object) ?? '', isHidden };
    return { ...whole, without: () => cut(cuts), withoutHidden: () => unlessEmpty(hiddenOf(cuts), cut) };
  }
  if (fault.reason === 'xml-cuts' && body.kind === 'xml') {
    const { nodes, pointer, isHidden } = fault.cuts;
    const cut = (some: typeof nodes): Buffer => cutNodes(bytes, body.root, some);
    const hidden = new Map([...nodes].filter(([, reason]) => reason === 'hidden'));
    return { pointer, isHidden, without: () => cut(nodes), withoutHidden: () => unlessEmpty(hidden, cut) };
  }
  throw new Error(`what was found does not go out of ${body.kind}`);
}

function unlessEmpty<T extends { readonly size: number }>(some: T, cut: (some: T) => Buffer): Buffer | null {
  return some.size === 0 ? null : cut(some);
}

/** Those members that no description lets leave. */
function hiddenOf(cuts: CutMembers): CutMembers {
  const hidden = new Map<object, ReadonlyMap<string, 'hidden'>>();
  for (const [object, names] of cuts) {
    const own = new Map<string, 'hidden'>();
    for (const [name, reason] of names) if (reason === 'hidden') own.set(name, reason);
    if (own.size > 0) hidden.set(object, own);
  }
  return hidden;
}
