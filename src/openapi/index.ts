export { describeApi } from './describe.ts';
export { undescribedMember, type Undescribed } from './described-members.ts';
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
export type { DescribedMessages } from './grpc/described-messages.ts';
export type { GrpcStreams } from './grpc/descriptor-set.ts';
export { cutUnknown } from './grpc/message-cut.ts';
export { type MessageFault, MessageJudge } from './grpc/message-judge.ts';
export { type MessageType, MessageTypes } from './grpc/message-types.ts';
export { valueOfMessage } from './grpc/message-value.ts';
export { findOpenInputs, type InputPlace, type OpenInput, type OpenInputs } from './open-inputs/open-inputs.ts';
export { pointerOf, valueAt } from './pointer.ts';
export { type AcceptJudge, compileAccept } from './request/accept-judge.ts';
export { type BodyFault, type BodyJudge, compileBody, type SentBody } from './request/body-judge.ts';
export { apiKeyNames } from './request/credentials.ts';
export { outerName } from './request/outer-name.ts';
export type { JsonReader } from './request/json-text.ts';
export type { SentMediaType } from './request/media-range-choice.ts';
export type { SentHeaders } from './request/parameter.ts';
export {
  compileParameters,
  type ParameterFault,
  type ParameterJudge,
  type ParameterSource,
  type SentHead,
} from './request/parameter-judge.ts';
export {
  openHead,
  type OpenedHead,
  plainReader,
  readerOf,
  type SentValue,
  type ValueReader,
} from './request/parameter-values.ts';
export { describedPart, propertyNamesOf } from './request/property-names.ts';
export { requestWarnings } from './request/request-warnings.ts';
export type { BodyTreatment, ReplyBodyFault, ReplyContent } from './response/reply-content.ts';
export type { HeaderFault } from './response/reply-headers.ts';
export { compileReplies, type JudgedReply, type ReplyJudge } from './response/reply-judge.ts';
export { replyWarnings } from './response/reply-warnings.ts';
export { type KnownOfDocument, type Names, surveyDocument, tellOfDocument } from './survey.ts';
export { parseTemplate, type Segment, type Template } from './template.ts';
export { compilePattern } from './validate/pattern.ts';
export {
  compileValidator,
  type CutMembers,
  type SchemaSource,
  type Validator,
  type ValidatorOptions,
  type Violation,
} from './validate/validator.ts';
export type { XmlCuts } from './xml/xml-sieve.ts';
