import type { SanitizeRules } from '../policy/index.ts';

/** What is said of one API or operation. `mode` null: as its API says, and `enforce` there. */
export interface SanitizeUse {
  readonly mode: 'enforce' | 'observe' | null;
  readonly rules: SanitizeRules;
}

/** What holds for an operation, with what its API says; null where nothing is cleaned. */
export function sanitizeRules(api: SanitizeUse | null, own: SanitizeUse | 'off' | null): SanitizeRules | null {
  if (own === 'off') return null;
  if (own === null) return api?.rules ?? null;
  return {
    body: { ...api?.rules.body, ...own.rules.body },
    query: { ...api?.rules.query, ...own.rules.query },
  };
}

/** How they hold there. */
export function sanitizeMode(api: SanitizeUse | null, own: SanitizeUse | 'off' | null): 'enforce' | 'observe' {
  const said = own === 'off' || own === null ? null : own.mode;
  return said ?? api?.mode ?? 'enforce';
}
