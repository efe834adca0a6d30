import { Cidr, parseAddress } from '../base/index.ts';
import type { Builder } from './builder.ts';
import type { Expression } from './expression.ts';
import { FAULT, fault, overspent, TOO_MUCH, type Typed } from './frame.ts';

type Call = Extract<Expression, { readonly kind: 'call' }>;

/** Reading an address takes as long as so many other steps. */
const ADDRESS_STEPS = 10;
const FIX = "such as inNetwork(address.ip, '10.0.0.0/8')";

/**
 * Builds `inNetwork(TEXT, BLOCK, …)`: whether an address lies in one of the blocks, which are written out. An IPv4 address
 * in IPv6 is the IPv4 address, in the one and in the other. What is no address is in no block and beside none: a fault.
 */
export function buildInNetwork({ args, at }: Call, builder: Builder): Typed {
  const [asked, ...written] = args;
  if (asked === undefined || written.length === 0)
    return builder.wrong(at, '`inNetwork` takes an address and blocks of addresses', FIX);
  const { type, code } = builder.build(asked);
  if (type !== 'string' && type !== 'any') return builder.wrong(asked.at, '`inNetwork` is asked of a text', FIX);
  const blocks: Cidr[] = [];
  for (const each of written) {
    if (each.kind !== 'literal' || each.value.type !== 'string')
      return builder.wrong(each.at, 'the blocks of `inNetwork` are written out', FIX);
    const block = Cidr.parse(each.value.value);
    if (!block.ok) return builder.wrong(each.at, block.error, FIX);
    blocks.push(block.value);
  }
  return {
    type: 'bool',
    code(frame) {
      const text = code(frame);
      if (text === FAULT) return FAULT;
      if (overspent(frame, ADDRESS_STEPS + blocks.length)) return fault(frame, TOO_MUCH);
      const address = typeof text === 'string' ? parseAddress(text) : null;
      if (address === null || !address.ok) return fault(frame, '`inNetwork` wants an address');
      const bytes = address.value;
      return blocks.some((block) => block.contains(bytes));
    },
  };
}
