import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';
import { err, ok, type Result } from '../../base/index.ts';

/** Which sides of a method send several messages. */
export type GrpcStreams = 'neither' | 'client' | 'server' | 'both';

/** A method that a descriptor set describes. `service` is its full name, such as `orders.v1.Orders`. */
export interface GrpcMethod {
  readonly service: string;
  readonly method: string;
  readonly streams: GrpcStreams;
  readonly deprecated: boolean;
}

/** As many as routes that are written by hand. */
const METHOD_LIMIT = 10_000;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;
/** Names become paths and keys; protocol buffers have no bound for them. */
const NAME_LIMIT_CHARACTERS = 512;

/**
 * Reads a FileDescriptorSet, as `protoc --include_imports --descriptor_set_out` writes it: the methods of all services in
 * it, in order. Fails in words that continue "the file …". What reads it is loaded here, for few configurations need it.
 */
export async function readDescriptorSet(bytes: Uint8Array): Promise<Result<readonly GrpcMethod[], string>> {
  const [{ fromBinary }, { FileDescriptorSetSchema }] = await Promise.all([
    import('@bufbuild/protobuf'),
    import('@bufbuild/protobuf/wkt'),
  ]);
  let files: readonly FileDescriptorProto[];
  try {
    files = fromBinary(FileDescriptorSetSchema, bytes).file;
  } catch {
    return err('is no descriptor set');
  }
  const methods = files.flatMap(methodsOf);
  if (methods.length === 0) return err('describes no method of any service');
  if (methods.length > METHOD_LIMIT) return err(`describes more than ${METHOD_LIMIT} methods`);
  return firstFault(methods) ?? ok(methods);
}

function methodsOf({ package: prefix, service: services }: FileDescriptorProto): readonly GrpcMethod[] {
  return services.flatMap(({ name, options: shared, method: methods }) => {
    const service = prefix === '' ? name : `${prefix}.${name}`;
    return methods.map(({ name: method, clientStreaming, serverStreaming, options }) => ({
      service,
      method,
      streams: streamsOf(clientStreaming, serverStreaming),
      deprecated: options?.deprecated === true || shared?.deprecated === true,
    }));
  });
}

function streamsOf(client: boolean, server: boolean): GrpcStreams {
  if (client) return server ? 'both' : 'client';
  return server ? 'server' : 'neither';
}

function firstFault(methods: readonly GrpcMethod[]): Result<never, string> | null {
  const seen = new Set<string>();
  for (const { service, method } of methods) {
    const isPlain = NAME.test(service) && NAME.test(method) && !method.includes('.');
    if (!isPlain || service.length + method.length > NAME_LIMIT_CHARACTERS)
      return err('has a service or a method whose name is none, or is longer than 512 characters');
    const name = `${service}/${method}`;
    if (seen.has(name)) return err(`describes ${name} twice`);
    seen.add(name);
  }
  return null;
}
