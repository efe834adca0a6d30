export { describeApi } from './describe.ts';
export type {
  ApiDescription,
  DescribedContent,
  DescribedHeader,
  DescribedOperation,
  DescribedParameter,
  DescribedRequestBody,
  DescribedResponse,
  DescribedSecurityScheme,
  RequiredScheme,
  Specification,
} from './description.ts';
export { valueAt } from './pointer.ts';
export { parseTemplate, type Segment, type Template } from './template.ts';
