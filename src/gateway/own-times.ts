import type { OperationConfig } from '../config/compiled.ts';
import type { GrpcStreams } from '../openapi/index.ts';
import type { OfferFault } from './offered-websocket.ts';

/** What is wrong with the times of an operation: a stream of gRPC has none, so what is said of them would not hold. */
export function timeFaults(own: OperationConfig | undefined, grpc: GrpcStreams | null): readonly OfferFault[] {
  if (own === undefined || grpc === null || grpc === 'neither') return [];
  const said = [own.timeoutMs === null ? [] : ['timeout'], own.deadlineMs === null ? [] : ['deadline']].flat();
  return said.map((key) => ({
    path: `${own.path}.${key}`,
    message: 'a stream of gRPC stands as long as both sides like',
    fix: 'leave it out; clients give a call its time by `grpc-timeout`',
  }));
}
