/**
 * How one kind of program shows its inside. `words`: one of them must stand there, and where there is no pattern one is
 * enough; none where only the pattern counts.
 */
export interface TraceSignature {
  readonly name: string;
  readonly words: readonly string[];
  readonly pattern: RegExp | null;
}

const sure = (name: string, ...words: readonly string[]): TraceSignature => ({ name, words, pattern: null });
const shaped = (name: string, words: readonly string[], pattern: RegExp): TraceSignature => ({ name, words, pattern });

/**
 * All that is known. In every pattern each repetition is bounded and none stands within another, so that what a body
 * makes of it is told by its length alone. A sign is one that no API says on purpose: a word such as `Exception`, a
 * name such as `NotFoundException`, a line such as `at 5 (see file.js:3)` is none.
 */
export const SIGNATURES: readonly TraceSignature[] = [
  // Java, Kotlin, Scala: `at a.b.C.d(C.java:12)`, or such frames in a list.
  shaped(
    'java',
    ['.java:', '.kt:', '.scala:', '.groovy:', '.clj:'],
    /[\w$>]\([\w$-]{1,120}\.(?:java|kt|scala|groovy|clj):\d{1,6}\)/,
  ),
  shaped('java', ['Native Method', 'Unknown Source'], /\bat [\w$.<>/@-]{3,300}\((?:Native Method|Unknown Source)\)/),
  shaped(
    'java',
    ['Exception', 'Error'],
    /(?<![\w.])(?:java|javax|jakarta|kotlin|scala)\.(?:[a-z_0-9]{1,40}\.){1,8}[A-Z]\w{0,80}(?:Exception|Error)\b/,
  ),
  shaped(
    'java',
    ['org.springframework.', 'org.hibernate.', 'com.fasterxml.jackson.', 'org.apache.', 'com.mysql.'],
    /(?<![\w.])(?:org\.springframework|org\.hibernate|com\.fasterxml\.jackson|org\.apache|com\.mysql)\.[\w.$]{1,200}(?:Exception|Error)\b/,
  ),
  sure('java', 'Exception in thread "', 'nested exception is '),
  // Python: a traceback, and the pages of Django and Werkzeug.
  sure('python', 'Traceback (most recent call last)'),
  shaped('python', ['File "'], /\bFile "[^"\n]{1,300}", line \d{1,7},? in /),
  shaped('python', ['[Errno '], /\[Errno \d{1,4}\] /),
  shaped('python', ['Exception Location', 'Django Version'], /\b(?:Exception Location|Django Version):?\s/),
  sure(
    'python',
    "You're seeing this error because you have",
    'Werkzeug Debugger',
    '__debugger__=yes',
    'DEBUG = True',
    '<frame at 0x',
  ),
  // PHP: its own messages, and the pages of Laravel and Symfony.
  shaped('php', ['PHP '], /\bPHP (?:Fatal error|Parse error|Warning|Notice|Deprecated|Recoverable fatal error):/),
  shaped(
    'php',
    [' on line '],
    / in (?:\/|[A-Za-z]:[\\/])[^\n"<>]{1,300}\.(?:php|inc|phtml|tpl)(?:\(\d{1,7}\) : eval\(\)'d code)? on line \d{1,7}/,
  ),
  shaped(
    'php',
    ['#0 ', '#1 '],
    /#\d{1,3} (?:(?:\/|[A-Za-z]:[\\/]|phar:)[^\n(#]{1,300}\(\d{1,7}\): |\[internal function\]: |\{main\})/,
  ),
  shaped(
    'php',
    ['Illuminate\\', 'Symfony\\', 'Doctrine\\', 'Whoops\\'],
    /\b(?:Illuminate|Symfony|Doctrine|Whoops)\\[\w\\]{1,200}/,
  ),
  sure('php', 'Whoops, looks like something went wrong', 'Whoops! There was an error', 'Symfony Exception'),
  // .NET.
  shaped('dotnet', [' in '], / in (?:[A-Za-z]:\\|\/)[^\n:"<>]{1,300}:line \d{1,7}/),
  shaped(
    'dotnet',
    ['System.', 'Microsoft.', 'Newtonsoft.', 'Npgsql.'],
    /(?<![\w.])(?:System|Microsoft|Newtonsoft|Npgsql)\.[\w.]{0,150}(?:Exception|Error)\b/,
  ),
  shaped('dotnet', ['at System.', 'at Microsoft.'], /\bat (?:System|Microsoft)\.[\w.`<>[\],+|$]{3,300}\(/),
  sure(
    'dotnet',
    '--- End of stack trace from previous location',
    '--- End of inner exception stack trace',
    "Server Error in '/",
    'The current custom error settings for this application',
  ),
  // Rust; before JavaScript, whose frames look the same.
  shaped('rust', ['panicked at'], /\bthread '[^'\n]{0,100}'(?: \(\d{1,12}\))? panicked at /),
  sure('rust', 'RUST_BACKTRACE=', 'stack backtrace:\n'),
  shaped('rust', ['panicked at'], /\bpanicked at [^\n"]{1,300}\.rs:\d{1,7}:\d{1,7}/),
  // Node and other JavaScript: `at f (/a/b.js:1:2)`.
  shaped(
    'javascript',
    ['at '],
    /(?:\bat |[\w$.>\]] \()(?:async )?(?:file:\/\/|node:|webpack|[A-Za-z]:[\\/]|\.{0,2}\/|internal\/)[^\s()"']{1,400}:\d{1,7}:\d{1,7}\b/,
  ),
  shaped('javascript', ['<anonymous>'], /\bat [\w$.]{1,100} \(<anonymous>\)/),
  // What the system said of a file or a peer, with its path or address.
  shaped(
    'javascript',
    ['ENOENT: ', 'EACCES: ', 'EPERM: ', 'EEXIST: ', 'EISDIR: ', 'ENOTDIR: '],
    /\bE[A-Z]{4,6}: [a-z ]{3,60}, [a-z]{2,20} '/,
  ),
  shaped(
    'javascript',
    ['connect E', 'getaddrinfo E'],
    /\b(?:connect|getaddrinfo) E(?:CONNREFUSED|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|NOENT|ACCES) /,
  ),
  shaped('javascript', ['@'], /[\w$<>/.]@(?:file|https?):\/\/[^\s()@"']{1,300}\.m?[jt]s:\d{1,7}:\d{1,7}\b/),
  // Ruby and Rails.
  shaped('ruby', ['.rb:'], /[\w\])-]\.rb:\d{1,7}:in [`'"]/),
  sure('ruby', 'Action Controller: Exception caught', 'better_errors', 'Rails.root: '),
  shaped(
    'ruby',
    ['ActionController::', 'ActiveRecord::', 'ActionView::', 'ActionDispatch::', 'NoMethodError'],
    /\b(?:(?:ActionController|ActiveRecord|ActionView|ActionDispatch)::[\w:]{1,100}|NoMethodError \()/,
  ),
  // Go.
  shaped('go', ['goroutine '], /\bgoroutine \d{1,12} \[[a-z ,\d]{1,60}\]:/),
  shaped('go', ['.go:'], /[\w/-]\.go:\d{1,7} \+0x[0-9a-f]{1,16}\b/),
  sure(
    'go',
    'runtime error: invalid memory address',
    'runtime error: index out of range',
    'runtime error: slice bounds out of range',
    'runtime error: integer divide by zero',
    'interface conversion: interface ',
    'assignment to entry in nil map',
    'http: panic serving ',
  ),
  // Elixir, Erlang, Perl.
  shaped('elixir', ['.ex:', '.exs:', '.erl:'], /\([\w.]{1,60} \d[\w.-]{0,30}\) [\w./-]{1,200}\.(?:exs?|erl):\d{1,7}: /),
  shaped('perl', [' line '], / at [^\s"<>]{1,300}\.(?:pl|pm|cgi|psgi|t) line \d{1,7}\b/),
  // The files and lines that frameworks tell in JSON.
  shaped(
    'file and line',
    ['"file"', '"filename"', '"fileName"'],
    /"file(?:name|Name)?"\s{0,4}:\s{0,4}"[^"\n]{1,300}\.(?:php|py|rb|js|ts|mjs|cjs|java|kt|scala|cs|go|rs|ex)"\s{0,4},\s{0,40}"line(?:no|Number)?"\s{0,4}:\s{0,4}"?\d/,
  ),
  // Databases.
  shaped('sql', ['ORA-', 'PLS-'], /\b(?:ORA|PLS)-\d{5}\b/),
  shaped('sql', ['SQLSTATE'], /\bSQLSTATE(?:\[|:? ?\(?[0-9A-Z]{5}\b)/),
  shaped(
    'sql',
    ['PG::', 'pq: ', 'psycopg', 'Mysql2::', 'SQLite3::'],
    /\b(?:PG::[A-Z]\w{1,60}|pq: [a-z]|psycopg2?\.[\w.]{1,60}|Mysql2::Error|SQLite3::\w{1,40}Exception)/,
  ),
  shaped('sql', ['syntax error'], /\bsyntax error at or near "|\bnear "[^"\n]{1,100}": syntax error/),
  sure(
    'sql',
    'You have an error in your SQL syntax',
    'Unclosed quotation mark after the character string',
    'quoted string not properly terminated',
    'violates foreign key constraint',
    'duplicate key value violates unique constraint',
    'SQLITE_ERROR',
    'SQLITE_CONSTRAINT',
    'Incorrect syntax near',
    'PSQLException',
    'SequelizeDatabaseError',
    'PrismaClientKnownRequestError',
    'MongoServerError',
    'MySqlException',
    'Microsoft OLE DB Provider',
    'ODBC SQL Server Driver',
  ),
  shaped(
    'sql',
    ['Unknown column', 'Duplicate entry', "doesn't exist", 'does not exist'],
    /\bUnknown column '[^'\n]{1,130}' in '|\bDuplicate entry '[^'\n]{1,200}' for key '|\bTable '[^'\n.]{1,64}\.[^'\n]{1,64}' doesn't exist|\b(?:relation|column|function) "[^"\n]{1,130}" does not exist/,
  ),
];
