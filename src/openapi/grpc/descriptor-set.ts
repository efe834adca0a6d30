import type { FileRegistry } from '@bufbuild/protobuf';
import type { FileDescriptorProto, FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { err, ok, type Result } from '../../base/index.ts';
import type { DescribedMessages } from './described-messages.ts';
import { messagesOf, ruledParts } from './descriptor-messages.ts';

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

/** What a descriptor set describes. */
export interface DescribedServices {
  readonly methods: readonly GrpcMethod[];
  readonly messages: DescribedMessages;
  /** What has rules for its values that nothing here enforces, by full name. */
  readonly ruled: readonly string[];
}

/**
 * Reads a FileDescriptorSet, as `protoc --include_imports --descriptor_set_out` writes it: the methods of all services in
 * it, in order, and all messages. Fails in words that continue "the file …", a remedy on a second line.
 * What reads it is loaded here, for few
 * configurations need it.
 */
export async function readDescriptorSet(bytes: Uint8Array): Promise<Result<DescribedServices, string>> {
  const [{ createFileRegistry, fromBinary }, { FileDescriptorSetSchema }] = await Promise.all([
    import('@bufbuild/protobuf'),
    import('@bufbuild/protobuf/wkt'),
  ]);
  let set: FileDescriptorSet;
  try {
    set = fromBinary(FileDescriptorSetSchema, bytes);
  } catch {
    return err('is no descriptor set');
  }
  const methods = set.file.flatMap(methodsOf);
  if (methods.length === 0) return err('describes no method of any service');
  if (methods.length > METHOD_LIMIT) return err(`describes more than ${METHOD_LIMIT} methods`);
  const fault = firstFault(methods);
  if (fault !== null) return fault;
  let registry: FileRegistry;
  try {
    registry = createFileRegistry(set);
  } catch {
    return err(INCOMPLETE);
  }
  return ok({ methods, messages: messagesOf(registry), ruled: ruledParts(registry) });
}

/** Messages are held against their descriptors, so that none may be missing. */
const INCOMPLETE =
  'does not hold together: a file that it imports or a message that it names is missing, or it is wrong\n' +
  'write it with protoc --include_imports';

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
