import { err, ok, type Result } from '../base/index.ts';
import type { ApiDescription, DescribedOperation } from './description.ts';
import { parseTemplate } from './template.ts';
import type { DescribedMessages } from './grpc/described-messages.ts';
import { type GrpcMethod, readDescriptorSet } from './grpc/descriptor-set.ts';

/** A description of services, and of their messages. */
export interface ServiceDescription {
  readonly description: ApiDescription;
  readonly messages: DescribedMessages;
  /** What has rules for its values that nothing here enforces, by full name. */
  readonly ruled: readonly string[];
}

/**
 * What a descriptor set says of an API, in the form of other descriptions: each method is an operation called
 * `package.Service/Method`, a POST to the path of that name. Fails as `readDescriptorSet`.
 */
export async function describeServices(bytes: Uint8Array): Promise<Result<ServiceDescription, string>> {
  const read = await readDescriptorSet(bytes);
  if (!read.ok) return read;
  const { methods, messages, ruled } = read.value;
  const operations: DescribedOperation[] = [];
  for (const method of methods) {
    const operation = operationOf(method);
    if (!operation.ok) return operation;
    operations.push(operation.value);
  }
  const description = { title: '', version: '', operations, securitySchemes: [], warnings: [] };
  return ok({ description: { specification: '3.1', ...description }, messages, ruled });
}

function operationOf({ service, method, streams, deprecated }: GrpcMethod): Result<DescribedOperation, string> {
  const id = `${service}/${method}`;
  const template = parseTemplate(`/${id}`);
  if (!template.ok) return err(`describes ${id}, which can be no path: it ${template.error}`);
  const { segments, text } = template.value;
  return ok({
    ...{ id, method: 'POST', template: text, segments, pointer: '', deprecated, parameters: [] },
    ...{ requestBody: null, responses: [], security: null, grpc: streams },
  });
}
