import type { RehearsedVerdict } from './rehearse.ts';

/** A verdict in a few words: `pass`, `pass, 200` where a reply was given, `403 forbidden`, `answered 302`. */
export function verdictWords(verdict: RehearsedVerdict): string {
  switch (verdict.kind) {
    case 'pass':
      if (verdict.undecided.length > 0) return 'undecided';
      return verdict.reply === null ? 'pass' : `pass, ${verdict.reply.status}`;
    case 'refused':
      return `${verdict.status} ${verdict.code}`;
    case 'replied':
      return `answered ${verdict.status}`;
  }
}
