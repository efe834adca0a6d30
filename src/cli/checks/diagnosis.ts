/** What one check of `doctor` found. `fix` is null where there is nothing to do. */
export interface Diagnosis {
  readonly check:
    | 'node'
    | 'configuration'
    | 'clock'
    | 'files'
    | 'space'
    | 'open files'
    | 'certificate'
    | 'revocations'
    | 'lists'
    | 'tls'
    | 'admin port'
    | 'API keys'
    | 'dns'
    | 'upstream'
    | 'party'
    | 'issuer'
    | 'vault';
  readonly state: 'ok' | 'warn' | 'fail';
  readonly says: string;
  readonly fix: string | null;
}

/** All is well. */
export function fine(check: Diagnosis['check'], says: string): Diagnosis {
  return { check, state: 'ok', says, fix: null };
}

/** Works, and should be looked at. */
export function warn(check: Diagnosis['check'], says: string, fix: string): Diagnosis {
  return { check, state: 'warn', says, fix };
}

/** Does not work, or leaves something open. */
export function fail(check: Diagnosis['check'], says: string, fix: string): Diagnosis {
  return { check, state: 'fail', says, fix };
}
