import type { Issue } from '../base/index.ts';
import type { GrpcStreams } from './grpc/descriptor-set.ts';
import type { Segment } from './template.ts';

/** The versions of the OpenAPI Specification that are read; patch versions do not differ. */
export type Specification = '3.0' | '3.1' | '3.2';

/**
 * What an OpenAPI document, or a descriptor set of gRPC services, says of an API, as plain data that can be sent to a thread. Schemas are not copied: each
 * `…Pointer` is a JSON Pointer (RFC 6901) into the document to a schema as it stands there, which may itself be a
 * `$ref` (in 3.0 a `$ref` has no siblings that count, later it has). All references reached from operations lead
 * somewhere inside the document.
 */
export interface ApiDescription {
  readonly specification: Specification;
  readonly title: string;
  /** The version of the API itself. */
  readonly version: string;
  readonly operations: readonly DescribedOperation[];
  readonly securitySchemes: readonly DescribedSecurityScheme[];
  /** What the document has wrong without harm to the protection. */
  readonly warnings: readonly Issue[];
}

/** One method of one path. */
export interface DescribedOperation {
  /** The operationId, or `METHOD template`; unique in the document. */
  readonly id: string;
  /** Upper case. */
  readonly method: string;
  /** The path template in canonical form, and its segments. */
  readonly template: string;
  readonly segments: readonly Segment[];
  readonly pointer: string;
  readonly deprecated: boolean;
  readonly parameters: readonly DescribedParameter[];
  /** Null where no body is described. */
  readonly requestBody: DescribedRequestBody | null;
  readonly responses: readonly DescribedResponse[];
  /**
   * The operation's own requirements, else the document's; null where neither says anything, `[]` where it says none.
   * One of the alternatives is enough; inside one, all schemes are needed; an empty one lets anybody in.
   */
  readonly security: readonly (readonly RequiredScheme[])[] | null;
  /** Of a gRPC method: which sides of it stream. Not there for any other operation. */
  readonly grpc?: GrpcStreams;
}

/** A scheme that an operation needs, and the scopes (from 3.1 on also roles) to hold. */
export interface RequiredScheme {
  readonly scheme: string;
  readonly scopes: readonly string[];
}

/** Where a parameter is sent. `querystring` (3.2) is the query as a whole. */
export type ParameterPlace = 'path' | 'query' | 'querystring' | 'header' | 'cookie';

/** How a parameter's value is written (OpenAPI 3.2 §4.12.2.2); `cookie` exists from 3.2 on. */
export type ParameterStyle =
  | 'matrix'
  | 'label'
  | 'simple'
  | 'form'
  | 'spaceDelimited'
  | 'pipeDelimited'
  | 'deepObject'
  | 'cookie';

/**
 * What describes a value that is not a body: either a schema with a style, or a media type (`contentMediaType`) with
 * perhaps a schema. With neither, any value is described.
 */
export interface DescribedValue {
  readonly pointer: string;
  readonly required: boolean;
  readonly deprecated: boolean;
  readonly style: ParameterStyle;
  readonly explode: boolean;
  readonly schemaPointer: string | null;
  readonly contentMediaType: string | null;
}

/** A parameter. Those of the path are always required; header names are compared without case. */
export interface DescribedParameter extends DescribedValue {
  readonly name: string;
  readonly in: ParameterPlace;
  readonly allowReserved: boolean;
  readonly allowEmptyValue: boolean;
}

/** A header of a reply; its style is `simple`. The name is as written. */
export interface DescribedHeader extends DescribedValue {
  readonly name: string;
}

/** A body of a request. */
export interface DescribedRequestBody {
  readonly pointer: string;
  readonly required: boolean;
  readonly content: readonly DescribedContent[];
}

/**
 * A media range (RFC 9110 §12.5.1; lower case but for the values of its parameters) and what is sent under it.
 * `pointer` leads to the Media Type Object, which may hold `encoding`.
 */
export interface DescribedContent {
  readonly mediaRange: string;
  readonly pointer: string;
  readonly schemaPointer: string | null;
  /** From 3.2 on: the schema of each item of a sequence (JSON lines, server-sent events, parts). */
  readonly itemSchemaPointer: string | null;
}

/** A reply: `200`, a range such as `4XX`, or `default` for what no other names. */
export interface DescribedResponse {
  readonly status: string;
  readonly pointer: string;
  readonly headers: readonly DescribedHeader[];
  readonly content: readonly DescribedContent[];
}

/** A way to present credentials, by the name that operations call it. */
export type DescribedSecurityScheme = { readonly name: string; readonly pointer: string } & (
  | { readonly type: 'apiKey'; readonly in: 'query' | 'header' | 'cookie'; readonly parameter: string }
  | { readonly type: 'http'; readonly scheme: string }
  | { readonly type: 'mutualTLS' }
  | { readonly type: 'oauth2' }
  | { readonly type: 'openIdConnect'; readonly url: string }
);
