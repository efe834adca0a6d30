/**
 * Why a request is refused. `invalid`: it has no single reading, or is not as the schema says; `complex`: it asks for too
 * much at once; `forbidden`: it asks for what nobody, or not this caller, may ask. `rule` is for the record, of fixed
 * words alone; `detail` is for clients that are told what is wrong, and may name what they sent.
 */
export interface GraphqlFault {
  readonly kind: 'invalid' | 'complex' | 'forbidden' | 'method';
  readonly rule: string;
  readonly detail: string;
}

/** A fault, in short. */
export function fault(kind: GraphqlFault['kind'], rule: string, detail: string): GraphqlFault {
  return { kind, rule, detail };
}
