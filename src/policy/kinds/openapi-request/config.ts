/** How requests are held against the API's OpenAPI document. */
export interface OpenapiRequestConfig {
  /** `helpful` tells clients where a request differs from its description; `plain` only that it does. */
  readonly errors: 'plain' | 'helpful';
}
