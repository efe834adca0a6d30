export type { ArchiveFault } from './archive/archive-fault.ts';
export { archiveFormat, type ArchiveFormat } from './archive/archive-format.ts';
export { archiveFault, type ArchiveLimits, documentFault, type SentArchive } from './archive/open-archive.ts';
export { type BoundedCopy, createBoundedCopy } from './bounded-copy.ts';
export {
  ACCEPTED_CODINGS,
  type CodedBody,
  type CodingFault,
  contentCodingOf,
  decodeAside,
  decodedLimitOf,
  decodeNow,
  type ContentCoding,
} from './content-coding.ts';
export { isRunExtension, fileNameFault, type FileNameFault, type FileNameRules } from './file/file-name.ts';
export { type FileTypeFault, isRunType, judgeFileType, type SentFile } from './file/file-type.ts';
export { usualType } from './file/usual-type.ts';
export { type FormFields, type FormLimits } from './form.ts';
export { replaceFields } from './form-replace.ts';
export { type CodedStart, decodeStart } from './start-decoding.ts';
export { parseJson } from './json.ts';
export { cutElements, cutMembers } from './json-cut.ts';
export { type KeptFields, type KeptJson, keepFields } from './json-keep.ts';
export { replaceTexts } from './json-replace.ts';
export {
  type JsonFault,
  type JsonFaultCode,
  type JsonLimits,
  type JsonObject,
  type JsonValue,
} from './json-value.ts';
export type { ElementsToCut, MembersToCut, TextsToReplace } from './json-walk.ts';
export { type MediaType, type MediaTypeFault, parseMediaType } from './media-type.ts';
export type { MultipartLimits, Part } from './multipart.ts';
export { readSentName } from './part-disposition.ts';
export { type BodyFault, type BodyLimits, DEFAULT_BODY_LIMITS, parseBody, type ParsedBody } from './parsed-body.ts';
export { contentFault } from './content-fault.ts';
export { decodeSingleMember } from './single-member.ts';
export { isHeldToSignature, signatureFault, type SignatureFault } from './signature.ts';
export { cutNodes, type NodesToCut } from './xml-cut.ts';
export type { XmlAttribute, XmlElement, XmlLimits } from './xml-tree.ts';
export { Turns } from './turns.ts';
