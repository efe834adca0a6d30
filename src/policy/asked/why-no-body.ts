import type { DescribedMethod } from '../described-methods.ts';
import type { Operation } from '../operation.ts';

const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Why a condition on the body would refuse every request of an operation; null where it need not. `messages` are those of a gRPC method. */
export function whyNoBody({ method, described }: Operation, messages: DescribedMethod | null): string | null {
  if (described?.grpc === 'client' || described?.grpc === 'both')
    return 'a client may send messages without end by this method, and a limit counts them as one call';
  if (described?.grpc !== undefined) return messages === null ? 'no messages are described for it' : null;
  const mayHave = !WITHOUT_BODY.has(method) || (described?.requestBody ?? null) !== null;
  return mayHave ? null : `a ${method} has no body here`;
}
