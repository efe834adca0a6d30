import type { AssuranceRules, ZeroTrustConfig, ZeroTrustOperation } from '../policy/index.ts';
import { assuranceOf } from './assurance-rules.ts';
import type { ApiConfig, OperationConfig, PolicyUse } from './config.ts';
import { formatKeyPath } from './key-path.ts';
import type { ZeroTrustPreset } from './preset.ts';
import { MTLS } from './sign-in-ways.ts';

type Operations = readonly (readonly [name: string, operation: OperationConfig])[];

/** What judges the operations of an API by what zero trust demands; nothing for third parties. */
export function zeroTrustPolicy(
  api: ApiConfig,
  operations: Operations,
  preset: ZeroTrustPreset | null,
): readonly PolicyUse[] {
  if (preset === null || api.party !== null) return [];
  const said = operations.map(
    ([name, own]) => [name, operationOf(api, own, formatKeyPath(['apis', api.name, 'operations', name]))] as const,
  );
  const config: ZeroTrustConfig = {
    api: operationOf(api, null, api.path),
    operations: Object.fromEntries(said),
    open: namesOf(api, preset.public),
    ownerless: namesOf(api, preset.objects),
  };
  return [{ kind: 'zero-trust', name: `${api.name}/zero-trust`, config, mode: 'enforce', modes: {}, path: 'preset' }];
}

function operationOf(api: ApiConfig, own: OperationConfig | null, path: string): ZeroTrustOperation {
  const auth = own?.auth ?? api.auth;
  const isMachine = auth !== 'public' && auth.every((way) => way === MTLS);
  return {
    needs: own?.needs ?? null,
    isSure: isMachine || hasSecondFactor(assuranceOf(api, own)),
    opensWebSocket: own !== null && own.websocket !== null,
    object: own?.access.object?.expression ?? null,
    lookedUpBy: own?.access.object?.lookup?.pieces.flatMap(placeName) ?? [],
    path,
  };
}

function placeName(piece: string | { readonly names: readonly string[] }): readonly string[] {
  return typeof piece === 'string' ? [] : [piece.names.join('.').replace(/^request\.params\./, 'params.')];
}

/** A second factor, hardware, or a context that the issuer and the author have agreed on. */
function hasSecondFactor(rules: AssuranceRules | null): boolean {
  return rules !== null && (rules.acr.length > 0 || rules.amr.some((method) => method === 'mfa' || method === 'hwk'));
}

function namesOf({ name }: ApiConfig, exceptions: Readonly<Record<string, string>>): readonly string[] {
  const prefix = `${name}.`;
  return Object.keys(exceptions).flatMap((each) => (each.startsWith(prefix) ? [each.slice(prefix.length)] : []));
}
