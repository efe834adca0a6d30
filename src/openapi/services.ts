import { err, ok, type Result } from '../base/index.ts';
import type { ApiDescription, DescribedOperation } from './description.ts';
import { parseTemplate } from './template.ts';
import { type GrpcMethod, readDescriptorSet } from './grpc/descriptor-set.ts';

/**
 * What a descriptor set says of an API, in the form of other descriptions: each method is an operation called
 * `package.Service/Method`, a POST to the path of that name. Messages are not described. Fails as `readDescriptorSet`.
 */
export async function describeServices(bytes: Uint8Array): Promise<Result<ApiDescription, string>> {
  const methods = await readDescriptorSet(bytes);
  if (!methods.ok) return methods;
  const operations: DescribedOperation[] = [];
  for (const method of methods.value) {
    const operation = operationOf(method);
    if (!operation.ok) return operation;
    operations.push(operation.value);
  }
  return ok({ specification: '3.1', title: '', version: '', operations, securitySchemes: [], warnings: [] });
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
