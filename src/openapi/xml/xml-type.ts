/** Whether a media type or range without parameters, in lower case, is one of XML that is read (RFC 7303 §4.2). */
export function isXmlType(essence: string): boolean {
  if (essence === 'application/xml' || essence === 'text/xml') return true;
  // Pictures and models written in XML are files.
  return essence.endsWith('+xml') && (essence.startsWith('application/') || essence.startsWith('text/'));
}
