import type { Technique } from '../../contract/rules.ts'

/** MITRE ATLAS 5.6.0 and ATT&CK Enterprise v19 techniques that our rules name. */
const NAMES: Readonly<Record<string, string>> = {
  'AML.T0005.001': 'Create Proxy AI Model: Train Proxy via Replication',
  'AML.T0007': 'Discover AI Artifacts',
  'AML.T0010.003': 'AI Supply Chain Compromise: Model',
  'AML.T0012': 'Valid Accounts',
  'AML.T0015': 'Evade AI Model',
  'AML.T0018': 'Manipulate AI Model',
  'AML.T0020': 'Poison Training Data',
  'AML.T0024': 'Exfiltration via AI Inference API',
  'AML.T0024.002': 'Exfiltration via AI Inference API: Extract AI Model',
  'AML.T0025': 'Exfiltration via Cyber Means',
  'AML.T0029': 'Denial of AI Service',
  'AML.T0031': 'Erode AI Model Integrity',
  'AML.T0034': 'Cost Harvesting',
  'AML.T0034.000': 'Cost Harvesting: Excessive Queries',
  'AML.T0035': 'AI Artifact Collection',
  'AML.T0040': 'AI Model Inference API Access',
  'AML.T0043': 'Craft Adversarial Data',
  'AML.T0044': 'Full AI Model Access',
  'AML.T0049': 'Exploit Public-Facing Application',
  'AML.T0051': 'LLM Prompt Injection',
  'AML.T0054': 'LLM Jailbreak',
  'AML.T0055': 'Unsecured Credentials',
  'AML.T0057': 'LLM Data Leakage',
  'AML.T0075': 'Cloud Service Discovery',
  'AML.T0076': 'Corrupt AI Model',
  'AML.T0081': 'Modify AI Agent Configuration',
  'AML.T0091': 'Use Alternate Authentication Material',
  'AML.T0105': 'Escape to Host',
  'AML.T0112': 'Machine Compromise',
  T1040: 'Network Sniffing',
  T1048: 'Exfiltration Over Alternative Protocol',
  T1059: 'Command and Scripting Interpreter',
  T1078: 'Valid Accounts',
  'T1078.004': 'Valid Accounts: Cloud Accounts',
  T1087: 'Account Discovery',
  T1098: 'Account Manipulation',
  'T1098.001': 'Account Manipulation: Additional Cloud Credentials',
  'T1098.003': 'Account Manipulation: Additional Cloud Roles',
  T1110: 'Brute Force',
  'T1110.001': 'Brute Force: Password Guessing',
  'T1110.003': 'Brute Force: Password Spraying',
  T1119: 'Automated Collection',
  T1133: 'External Remote Services',
  'T1136.003': 'Create Account: Cloud Account',
  T1190: 'Exploit Public-Facing Application',
  T1485: 'Data Destruction',
  T1486: 'Data Encrypted for Impact',
  T1490: 'Inhibit System Recovery',
  'T1496.004': 'Resource Hijacking: Cloud Service Hijacking',
  T1499: 'Endpoint Denial of Service',
  T1525: 'Implant Internal Image',
  T1526: 'Cloud Service Discovery',
  T1530: 'Data from Cloud Storage',
  T1537: 'Transfer Data to Cloud Account',
  T1546: 'Event Triggered Execution',
  T1552: 'Unsecured Credentials',
  'T1552.001': 'Unsecured Credentials: Credentials In Files',
  'T1552.005': 'Unsecured Credentials: Cloud Instance Metadata API',
  T1555: 'Credentials from Password Stores',
  'T1555.006': 'Credentials from Password Stores: Cloud Secrets Management Stores',
  T1556: 'Modify Authentication Process',
  T1557: 'Adversary-in-the-Middle',
  'T1565.001': 'Data Manipulation: Stored Data Manipulation',
  T1565: 'Data Manipulation',
  T1578: 'Modify Cloud Compute Infrastructure',
  T1580: 'Cloud Infrastructure Discovery',
  T1609: 'Container Administration Command',
  T1610: 'Deploy Container',
  T1611: 'Escape to Host',
  T1648: 'Serverless Execution',
  T1651: 'Cloud Administration Command',
  T1666: 'Modify Cloud Resource Hierarchy',
  T1685: 'Disable or Modify Tools',
  'T1685.002': 'Disable or Modify Tools: Disable or Modify Cloud Log',
  T1686: 'Disable or Modify System Firewall',
  'T1686.001': 'Disable or Modify System Firewall: Cloud Firewall',
}

/** The technique with its name, where the table has one. */
function technique(id: string): Technique {
  const name = NAMES[id]
  return name === undefined ? { id } : { id, name }
}

/** `atlas.aml.t0024.002` and `attack.t1552.005` as technique ids; tactics and other tags are none. */
export function techniquesOf(tags: readonly string[]): { atlas: readonly Technique[]; attack: readonly Technique[] } {
  const pick = (pattern: RegExp): readonly Technique[] =>
    tags.flatMap((tag) => pattern.exec(tag.toLowerCase())?.[1]?.toUpperCase() ?? []).map(technique)
  return { atlas: pick(/^atlas\.(aml\.t\d{4}(?:\.\d{3})?)$/), attack: pick(/^attack\.(t\d{4}(?:\.\d{3})?)$/) }
}
