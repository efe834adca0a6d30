import { type BodyLimits, DEFAULT_BODY_LIMITS } from '../body/index.ts';

/**
 * A page of a list has more members than requests do. They come from the operator's own API, 10 MiB at most, and of
 * those few hold so many.
 */
export const REPLY_BODY_LIMITS: BodyLimits = {
  ...DEFAULT_BODY_LIMITS,
  json: { ...DEFAULT_BODY_LIMITS.json, keys: 250_000 },
  xml: { ...DEFAULT_BODY_LIMITS.xml, nodes: 250_000 },
};
