import { z } from 'zod';
import type { PossessionConfig } from '../policy/index.ts';
import type { ApiConfig, OperationConfig } from './config.ts';

type Operations = readonly (readonly [name: string, operation: OperationConfig])[];

/** What the tokens of an issuer have to be bound to. */
export const issuerProofKeys = {
  proof: z
    .enum(['none', 'dpop', 'mtls', 'any'], { error: 'expected `none`, `dpop`, `mtls` or `any`' })
    .prefault('none')
    .meta({
      description:
        'What all of its tokens must be bound to: `dpop` a key of the client, `mtls` its certificate, `any` either. What a token is bound to is demanded in any case.',
    }),
};

/** How callers of an API prove that they have the key of their tokens. */
export const apiProofKeys = {
  dpop: z
    .strictObject({
      nonce: z.enum(['off', 'required'], { error: 'expected `off` or `required`' }).prefault('off').meta({
        description:
          '`required`: proofs hold a nonce that the gateway gave, so that none can be made ahead of time. A client that has none is given one, and comes again.',
      }),
    })
    .prefault({})
    .meta({ description: 'How proofs of possession by DPoP are made.' }),
};

/** How tokens that are bound to something are judged, for the operations where somebody signs in. */
export function possessionConfig(api: ApiConfig, operations: Operations): PossessionConfig {
  return {
    open: operations.flatMap(([name, { auth }]) => (auth === 'public' ? [name] : [])),
    closed: operations.flatMap(([name, { auth }]) => (auth === null || auth === 'public' ? [] : [name])),
    openByDefault: api.auth === 'public',
    nonce: api.dpop.nonce,
    credentials: api.credentials,
  };
}
