import type { RehearsedVerdict } from './rehearse.ts';

/** A verdict in a few words: `pass`, `403 forbidden`, `answered 302`. */
export function verdictWords(verdict: RehearsedVerdict): string {
  switch (verdict.kind) {
    case 'pass':
      return 'pass';
    case 'refused':
      return `${verdict.status} ${verdict.code}`;
    case 'replied':
      return `answered ${verdict.status}`;
  }
}
