const GRPC = /^application\/grpc(?:\+(?:proto|json))?(?:[ \t]*;[\x20-\x7e\t]*)?$/i;

/**
 * Whether a content type says gRPC, with messages in protocol buffers or JSON (gRPC over HTTP/2, Content-Type). gRPC-Web
 * is another protocol, and any other subtype names a coding that nobody has said anything about.
 */
export function isGrpcType(contentType: string | null): boolean {
  return contentType !== null && GRPC.test(contentType);
}
