import { API_KEY_START } from '../../../credential/index.ts';
import type { HeaderMap } from '../../../wire/index.ts';
import { bearerToken, isDpopScheme } from '../../token-field.ts';

/** A text that is shown as an API key, and the field it stands in. */
export interface ShownKey {
  readonly text: string;
  readonly field: string;
}

/**
 * What a head shows as an API key: whatever stands in the API's own field, and a Bearer that begins as keys do, which no
 * JWT does. `several` where it is more than one.
 */
export function shownApiKey(headers: HeaderMap, field: string): ShownKey | 'several' | null {
  const own = headers.get(field);
  const authorization = headers.get('authorization');
  // A key is bound to nothing, and whoever shows a proof with it means something else.
  const bearer = authorization === null || isDpopScheme(authorization) ? null : bearerToken(authorization);
  const isKey = bearer?.startsWith(API_KEY_START) === true;
  if (own === null) return isKey ? { text: bearer, field: 'authorization' } : null;
  return isKey || headers.all(field).length > 1 ? 'several' : { text: own, field };
}
