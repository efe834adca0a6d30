/** Longer paths most systems can't have at all. */
const LENGTH_LIMIT = 4_096;
const DRIVE = /^[a-z]:/i;
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * Whether an entry of this name stays in the folder that an archive is unpacked into, whatever system that is on: no
 * way up, none that begins at a root or a drive, no backslash, which some take for a slash, and nothing that can't be seen.
 */
export function isInside(name: string): boolean {
  if (name === '' || name.length > LENGTH_LIMIT) return false;
  if (CONTROL.test(name) || name.includes('\\') || name.startsWith('/') || DRIVE.test(name)) return false;
  return name.split('/').every((segment) => !isUpward(segment));
}

/** Windows drops dots and blanks at the end of a name: `.. ` and `...` lead up there too, or nowhere. */
function isUpward(segment: string): boolean {
  return segment !== '.' && segment !== '' && /^[. ]+$/.test(segment);
}

/** What two names have in common that lead to the same place: as it is once unpacked. */
export function placeOf(name: string): string {
  return name
    .split('/')
    .filter((segment) => segment !== '' && segment !== '.')
    .join('/');
}
