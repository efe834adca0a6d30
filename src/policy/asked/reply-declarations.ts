import type { Declaration } from '../../rules/index.ts';
import type { AskedRequest } from './asked-request.ts';

type Declared = Declaration<AskedRequest>;

/** The body of the reply. */
export const RESPONSE: Declared = { kind: 'value', type: 'any', read: ({ response }) => response };

/** What the owner service says of the object. */
export const OWNER: Declared = { kind: 'value', type: 'any', read: ({ owner }) => owner };

/** An element of a list in it. */
export const ITEM: Declared = { kind: 'value', type: 'any', read: ({ item }) => item };
