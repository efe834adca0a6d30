import { formatIssue, type Issue, type Result } from '../../src/base/index.ts';

/** What a result holds; its issues, in words, are thrown. */
export function valueOf<T>(result: Result<T, readonly Issue[]>): T {
  if (result.ok) return result.value;
  throw new Error(result.error.map(formatIssue).join('\n'));
}
