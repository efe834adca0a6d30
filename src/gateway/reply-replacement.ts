import type { HeaderMap } from '../wire/index.ts';
import { AddedFields, hasAdded } from './added-fields.ts';
import { BodyAccess } from './body-access.ts';
import type { BodyNeed } from './body-need.ts';

/** What stands around a body that a step has put in a reply's place. */
export interface ReplacementSetting {
  readonly reads: BodyNeed;
  /** What the reply gets besides its own fields, names and values in turn. */
  readonly added: readonly string[];
  /** The reply's own. */
  readonly headers: HeaderMap;
}

/** Reads such a body for the steps that follow; a text says why it can't be read. What has taken a body's place is never coded. */
export function readReplacement(
  body: Buffer,
  { reads, added, headers }: ReplacementSetting,
): BodyAccess | null | string {
  if (hasAdded(added, 'content-encoding')) return 'it is coded';
  const access = BodyAccess.of(reads);
  access?.add([body]);
  const fault = access?.close(hasAdded(added, 'content-type') ? new AddedFields([...added]) : headers);
  return fault?.internal ?? access;
}
