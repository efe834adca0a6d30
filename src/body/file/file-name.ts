/** What the name of a file is held to. */
export interface FileNameRules {
  /** In bytes of UTF-8. */
  readonly length: number;
  /** In lower case, without a dot; null for any that is not known to run. */
  readonly extensions: readonly string[] | null;
  readonly matches: ((name: string) => boolean) | null;
}

/**
 * What is wrong with a name. `length`: longer than it may be; `characters`: it holds some that lead to other folders, can't
 * be seen or turn what is read; `reserved`: some system reads it otherwise, or as a device; `runs`: files of such a name
 * are run somewhere; `extension`, `pattern`: not as it is asked for.
 */
export type FileNameFault = 'length' | 'characters' | 'reserved' | 'runs' | 'extension' | 'pattern';

/** Marks of direction, blanks without width, separators of lines and paragraphs, private use and tags. */
const UNSEEN =
  /[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\u{e0000}-\u{e0fff}]/u;
/** Separators of paths on some system, of streams on Windows, and what Windows takes into no name. */
const SEPARATING = /[/\\:<>"|?*]/;
/** What becomes a separator, or an end, for whoever decodes a name that is none. */
const ENCODED = /%(?:0[0-9a-f]|1[0-9a-f]|2[ef5]|3a|5c|u[0-9a-f]{4})/i;
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)[ \t]*(?:\.|$)/i;

/** What servers run wherever it stands in a name: Apache looks at each part between dots (mod_mime). */
const SERVER = new Set(
  (
    'php php3 php4 php5 php6 php7 php8 phps phtml pht phar hphp inc asp aspx ascx ashx asmx asax asa cer cdx config jsp jspx ' +
    'jspf jsw jsv jhtml cfm cfml cfc dbm pl pm cgi fcgi py pyc rb erb lua shtml shtm stm do action htaccess htpasswd'
  ).split(' '),
);
/** What runs on the machine or in the browser of whoever opens it, where it stands last. */
const CLIENT = new Set(
  (
    'exe com bat cmd scr pif msi msp mst dll sys drv ocx cpl vb vbs vbe js jse mjs ws wsf wsc wsh ps1 ps1xml psm1 psd1 ps2 hta ' +
    'lnk url inf reg scf msc gadget application appref-ms appx msix xll xlam chm hlp jar class war ear jnlp sh bash zsh csh ' +
    'ksh fish command run out elf so dylib bin app apk ipa deb rpm dmg pkg iso img vhd vhdx html htm xhtml xht mht mhtml ' +
    'shtml swf xsl xslt svgz desktop workflow action'
  ).split(' '),
);

/**
 * Holds the name of a file to rules, as it is and in its compatibility form (UAX 15 NFKC), since whoever keeps it may take
 * either. Null where nothing is wrong.
 */
export function fileNameFault(name: string, rules: FileNameRules): FileNameFault | null {
  if (Buffer.byteLength(name) > rules.length) return 'length';
  if (!name.isWellFormed()) return 'characters';
  const spellings = new Set([name, name.normalize('NFKC')]);
  for (const spelling of spellings) {
    const fault = plainFault(spelling, rules.extensions);
    if (fault !== null) return fault;
  }
  return rules.matches === null || rules.matches(name) ? null : 'pattern';
}

/** Whether something runs files whose name ends so, wherever that is. */
export function isRunExtension(extension: string): boolean {
  return SERVER.has(extension) || CLIENT.has(extension);
}

/** What stands behind the last dot, in lower case; empty where there is none. */
export function extensionOf(name: string): string {
  return (/\.([^.]*)$/.exec(name)?.[1] ?? '').toLowerCase();
}

function plainFault(name: string, extensions: readonly string[] | null): FileNameFault | null {
  if (UNSEEN.test(name) || SEPARATING.test(name) || ENCODED.test(name)) return 'characters';
  if (name === '' || /^[. ]|[. ]$/.test(name) || DEVICE.test(name)) return 'reserved';
  const last = extensionOf(name);
  const parts = name.toLowerCase().split('.').slice(1);
  const wanted = extensions ?? [];
  const runs = (part: string): boolean => {
    const bare = /^[a-z0-9]+/.exec(part)?.[0] ?? '';
    return SERVER.has(bare) && !wanted.includes(bare);
  };
  if (parts.some(runs) || (CLIENT.has(last) && !wanted.includes(last))) return 'runs';
  return extensions === null || extensions.includes(last) ? null : 'extension';
}
