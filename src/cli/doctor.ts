import type { Result } from '../base/index.ts';
import { checkApiKeys } from './checks/api-keys.ts';
import { checkAdminPort } from './checks/admin-port.ts';
import { checkCertificates } from './checks/certificate.ts';
import { checkClock } from './checks/clock.ts';
import { type Diagnosis, fail, fine } from './checks/diagnosis.ts';
import { checkFileModes } from './checks/file-modes.ts';
import { checkIssuers, tryIssuers } from './checks/issuers.ts';
import { checkNode } from './checks/node-version.ts';
import { checkOpenFiles } from './checks/open-files.ts';
import { checkLists } from './checks/lists.ts';
import { checkRevocations } from './checks/revocations.ts';
import { checkSpace } from './checks/space.ts';
import { checkTlsGrades } from './checks/tls-grade.ts';
import { checkParties } from './checks/parties.ts';
import { checkUpstreams } from './checks/upstreams.ts';
import { checkVault } from './checks/vault.ts';
import { type Command, CONFIG_OPTION, EXIT, JSON_OPTION } from './command.ts';
import { configurationPath, gatherConfiguration, readConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { issueCount } from './issues.ts';
import { alignRows, count, jsonText, palette, plain, shortPath } from './terminal.ts';

/** `portcullis doctor`: whether this machine and its surroundings let the gateway do its work. */
export const doctorCommand: Command = {
  verb: 'doctor',
  summary:
    'looks for what is wrong around the gateway: Node, clock, files, space, open files, certificates, TLS, upstreams, issuers, Vault',
  operands: [],
  options: { config: CONFIG_OPTION, json: JSON_OPTION },
  details: [
    'The gateway need not run. Each upstream gets one GET on its root; any status is an answer.',
    'Where it runs, its https port is graded by the conditions of SSL Labs, and what an A+ lacks is told.',
    'The keys of each issuer are fetched, and secrets of Vault read, as the gateway does it.',
    'Issuers that are asked about tokens, or that people sign in with, are tried by a token or a code that is made up.',
    'Exit code 1 if a check fails, 2 if the configuration can not be read; warnings alone are fine.',
  ],
  async run(given, context) {
    const file = configurationPath(given, context);
    const { usable, diagnoses } = await diagnose(file, context);
    if (given.flags.has('json')) context.write(jsonText({ checks: diagnoses }));
    else context.write(report(diagnoses, context));
    if (!usable) return EXIT.unusable;
    return diagnoses.some(({ state }) => state === 'fail') ? EXIT.findings : EXIT.fine;
  },
};

interface Examination {
  readonly usable: boolean;
  readonly diagnoses: readonly Diagnosis[];
}

/** Without a configuration most checks have nothing to look at; what can be said is said. */
async function diagnose(file: Result<string, string>, context: CommandContext): Promise<Examination> {
  const node = checkNode(context.runtime.node);
  if (!file.ok) {
    return { usable: false, diagnoses: [node, fail('configuration', file.error, 'name it by --config FILE')] };
  }
  const parsed = await readConfiguration(file.value, context);
  const name = shortPath(file.value, context.workingFolder);
  if (!parsed.ok) {
    const says = `${name} can't be used: ${issueCount(parsed.error)}`;
    return { usable: false, diagnoses: [node, fail('configuration', says, '`portcullis check` tells all of it')] };
  }
  const { config } = parsed.value;
  const { files, clock } = context.ports;
  const places = { configFile: file.value, dataFolder: config.dataFolder };
  const space = await checkSpace(files, config.dataFolder);
  const diagnoses = [
    node,
    fine('configuration', `${name} is well-formed; \`portcullis check\` builds it`),
    await checkClock({ clock, files }, places),
    ...(await checkFileModes(files, places)),
    ...(space === null ? [] : [space]),
    checkOpenFiles(context.services.openFilesLimit()),
    ...(await checkCertificates({ files, clock }, config)),
    ...(await checkRevocations({ files, clock }, config)),
    ...(await checkLists({ files, clock }, config)),
    ...(await checkTlsGrades(context.services, config)),
    checkAdminPort(config),
    ...(await checkApiKeys(context.services, clock, config)),
    ...(await checkUpstreams(context.ports, config)),
    ...(await checkParties(context.ports, config)),
    ...(await checkIssuers(context.services, clock, config)),
    ...(await tryIssuers(context.services, config, () => gatherConfiguration(parsed.value, context))),
    ...(await checkVault(context.ports, parsed.value)),
  ];
  return { usable: true, diagnoses };
}

function report(diagnoses: readonly Diagnosis[], { color }: CommandContext): string {
  const paint = palette(color);
  const paints = { ok: paint.good, warn: paint.warning, fail: paint.bad };
  const lines = alignRows(
    diagnoses.map(({ check, state, says }) => [
      { text: state, paint: paints[state] },
      { text: check, paint: paint.faint },
      { text: plain(says) },
    ]),
  );
  const told = lines.flatMap((line, at) => {
    const fix = diagnoses[at]?.fix;
    return fix === undefined || fix === null ? [line] : [line, `      → ${plain(fix)}`];
  });
  const failed = diagnoses.filter(({ state }) => state === 'fail').length;
  const warned = diagnoses.filter(({ state }) => state === 'warn').length;
  const verdict = failed > 0 ? `${count(failed, 'check')} failed` : 'Nothing fails';
  return `${[...told, '', `${verdict}, ${count(warned, 'warning')}.`].join('\n')}\n`;
}
