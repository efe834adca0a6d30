import { ok } from '../../../base/index.ts';
import type { CanonicalRequest } from '../../../wire/index.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { OperationId } from '../../operation.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { GrpcConfig } from './config.ts';

/** What a head is judged by; the codec's readings of two fields, since this room sees of it only types. */
export interface GrpcReaders {
  /** Whether a content type says gRPC. */
  readonly isGrpcType: (contentType: string | null) => boolean;
  /** A timeout in milliseconds, or null. */
  readonly readTimeout: (text: string) => number | null;
}

/**
 * The kind that lets only calls of gRPC pass, as their heads say it (gRPC over HTTP/2, Requests): over HTTP/2, a content
 * type of gRPC, trailers taken, a timeout that is one. Operations that are no gRPC methods get no step.
 */
export function createGrpcKind(readers: GrpcReaders): PolicyKind<GrpcConfig> {
  const step = headStep(readers);
  return {
    kind: 'grpc',
    summary: 'Lets only calls of gRPC pass.',
    schema: null,
    sources: () => [],
    compile: (_config, at) =>
      ok(
        new Map<OperationId, Steps>(
          at.operations.map(({ id, described }) => [id, described?.grpc === undefined ? {} : { admit: step }]),
        ),
      ),
  };
}

function headStep({ isGrpcType, readTimeout }: GrpcReaders): Step<'admit'> {
  return {
    reads: READS_NOTHING,
    run({ request }) {
      const { headers } = request;
      if (!isGrpcType(headers.get('content-type'))) return WRONG_TYPE;
      if (!isHttp2(request)) return refusal('protocol');
      // Over HTTP/2 it may say nothing else (RFC 9113 §8.2.2), but several times.
      if (headers.get('te') !== 'trailers') return refusal('te');
      const timeout = headers.get('grpc-timeout');
      if (timeout !== null && readTimeout(timeout) === null) return refusal('grpc-timeout');
      if (headers.get('grpc-encoding')?.includes(',') === true) return refusal('grpc-encoding');
      // A coding of the whole body would hide the messages in it.
      if (headers.get('content-encoding') !== null) return refusal('content-encoding');
      return request.query === null ? PASS : refusal('query');
    },
  };
}

const WRONG_TYPE = deny({ code: 'unsupported-media-type', internal: 'content-type: no gRPC' }, 'content-type');

function refusal(rule: string): Verdict {
  return deny({ code: 'invalid-grpc', internal: rule }, rule);
}

function isHttp2({ peer }: CanonicalRequest): boolean {
  return peer.tls !== null && peer.tls.applicationProtocol === 'h2';
}
