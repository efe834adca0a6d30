import { GRPC_STATUSES, type GrpcStatus, type ProblemCode, problemStatus } from '../base/index.ts';

/** What a problem is over gRPC, but for those of requests that could be mended. */
const BY_HTTP_STATUS: Readonly<Record<number, GrpcStatus>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  405: 'UNIMPLEMENTED',
  408: 'DEADLINE_EXCEEDED',
  413: 'RESOURCE_EXHAUSTED',
  415: 'UNIMPLEMENTED',
  421: 'UNAVAILABLE',
  429: 'RESOURCE_EXHAUSTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** The status that stands for a problem. */
export function statusOfProblem(code: ProblemCode): GrpcStatus {
  const status = problemStatus(code);
  if (status === 400 && (code.startsWith('invalid-') || code === 'rule-not-met')) return 'INVALID_ARGUMENT';
  // To ask again would be of no use, and libraries do so of what is unavailable.
  if (code.startsWith('upstream-reply-')) return 'INTERNAL';
  return statusOfHttp(status);
}

/** The status that stands for one of HTTP; never OK. */
export function statusOfHttp(status: number): GrpcStatus {
  return BY_HTTP_STATUS[status] ?? 'UNKNOWN';
}

/** The number of a status, as `grpc-status` has it. */
export function numberOfStatus(status: GrpcStatus): string {
  return String(GRPC_STATUSES.indexOf(status));
}

/** Reads a `grpc-status`: a decimal number without leading zeros. Null where it is none; one that has no name is UNKNOWN. */
export function readStatus(text: string | null): GrpcStatus | null {
  if (text === null || !/^(?:0|[1-9][0-9]{0,4})$/.test(text)) return null;
  return GRPC_STATUSES[Number(text)] ?? 'UNKNOWN';
}
