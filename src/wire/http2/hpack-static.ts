/** RFC 7541 appendix A, from index 1 on: names, and behind an equals sign the value where there is one. */
const ENTRIES = `
:authority :method=GET :method=POST :path=/ :path=/index.html :scheme=http :scheme=https :status=200 :status=204
:status=206 :status=304 :status=400 :status=404 :status=500 accept-charset accept-encoding=gzip,_deflate accept-language
accept-ranges accept access-control-allow-origin age allow authorization cache-control content-disposition
content-encoding content-language content-length content-location content-range content-type cookie date etag expect
expires from host if-match if-modified-since if-none-match if-range if-unmodified-since last-modified link location
max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after server set-cookie
strict-transport-security transfer-encoding user-agent vary via www-authenticate
`;

/** The static table (RFC 7541 appendix A) from index 1 on; a value is empty where there is none. */
export const STATIC_ENTRIES: readonly (readonly [name: string, value: string])[] = ENTRIES.trim()
  .split(/\s+/)
  .map((entry) => {
    const [name = '', value = ''] = entry.split('=');
    return [name, value.replace('_', ' ')];
  });

/** The last index of the static table; the dynamic table goes on behind it. */
export const STATIC_COUNT = STATIC_ENTRIES.length;

/** The first index of each name. */
export const STATIC_NAMES: ReadonlyMap<string, number> = new Map(
  STATIC_ENTRIES.map(([name], at) => [name, at + 1] as const).toReversed(),
);
