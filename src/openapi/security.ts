import type { DescribedSecurityScheme, RequiredScheme } from './description.ts';
import { quoted } from './issue-log.ts';
import { isObject, member, type ObjectSite, own, pointerTo, type Site } from './pointer.ts';
import { arrayMember, objectMember, type Reading, resolve, textMember } from './reading.ts';

/** Alternatives of schemes needed together. */
export type Requirements = readonly (readonly RequiredScheme[])[];

/**
 * Reads the `security` of a document or an operation (OpenAPI 3.0 §4.7.30, 3.1 §4.8.30); null where it says nothing.
 * `declared` are the names of the security schemes: another name is told and still read, since its scopes count.
 */
export function readSecurity(reading: Reading, owner: ObjectSite, declared: ReadonlySet<string>): Requirements | null {
  const alternatives = arrayMember(reading, owner, 'security');
  return alternatives === null ? null : alternatives.map((site) => readAlternative(reading, site, declared));
}

function readAlternative(reading: Reading, site: Site, declared: ReadonlySet<string>): readonly RequiredScheme[] {
  const { value, pointer } = site;
  if (!isObject(value)) {
    reading.issues.error(pointer, 'must be an object of security schemes');
    return [];
  }
  return Object.keys(value).map((scheme) => {
    const scopes = member({ value, pointer }, scheme);
    if (!declared.has(scheme)) {
      reading.issues.warn(scopes.pointer, `names the security scheme ${quoted(scheme)}, which is not in the document`);
    }
    return { scheme, scopes: readScopes(reading, scopes) };
  });
}

function readScopes(reading: Reading, { value, pointer }: Site): readonly string[] {
  if (Array.isArray(value) && value.every((scope) => typeof scope === 'string')) return value;
  reading.issues.error(pointer, 'must be an array of scopes', 'write `[]` where none is needed');
  return [];
}

/** Reads `components.securitySchemes` (OpenAPI 3.0 §4.7.27, 3.1 §4.8.27), in order; `names` has all, also those not read. */
export function readSecuritySchemes(
  reading: Reading,
  components: ObjectSite | null,
): { readonly schemes: readonly DescribedSecurityScheme[]; readonly names: ReadonlySet<string> } {
  const map = components === null ? null : objectMember(reading, components, 'securitySchemes');
  if (map === null) return { schemes: [], names: new Set() };
  const names = Object.keys(map.value).filter((name) => !name.startsWith('x-') || isObject(own(map.value, name)));
  const schemes = names.map((name) => readScheme(reading, member(map, name), name));
  return { schemes: schemes.filter((scheme) => scheme !== null), names: new Set(names) };
}

function readScheme(reading: Reading, site: Site, name: string): DescribedSecurityScheme | null {
  const found = resolve(reading, site, 'securitySchemes');
  if (found === null) return null;
  const common = { name, pointer: found.pointer };
  const type = neededText(reading, found, 'type');
  switch (type) {
    case null:
      return null;
    case 'apiKey':
      return readApiKey(reading, found, common);
    case 'http': {
      const scheme = neededText(reading, found, 'scheme');
      return scheme === null ? null : { ...common, type, scheme: scheme.toLowerCase() };
    }
    case 'openIdConnect': {
      const url = neededText(reading, found, 'openIdConnectUrl');
      return url === null ? null : { ...common, type, url };
    }
    case 'oauth2':
    case 'mutualTLS':
      return { ...common, type };
    default:
      reading.issues.error(pointerTo(found.pointer, 'type'), `${quoted(type)} is no type of security scheme`, FIX);
      return null;
  }
}

const FIX = 'write apiKey, http, mutualTLS, oauth2 or openIdConnect';

function readApiKey(
  reading: Reading,
  site: ObjectSite,
  common: { readonly name: string; readonly pointer: string },
): DescribedSecurityScheme | null {
  const parameter = neededText(reading, site, 'name');
  const place = neededText(reading, site, 'in');
  if (parameter === null || place === null) return null;
  if (place === 'query' || place === 'header' || place === 'cookie') {
    return { ...common, type: 'apiKey', in: place, parameter };
  }
  reading.issues.error(pointerTo(site.pointer, 'in'), `${quoted(place)} is no place for a key`);
  return null;
}

function neededText(reading: Reading, site: ObjectSite, name: string): string | null {
  if (own(site.value, name) === undefined) reading.issues.error(site.pointer, `has no \`${name}\``);
  return textMember(reading, site, name);
}
