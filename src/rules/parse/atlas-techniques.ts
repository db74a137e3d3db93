/** All techniques of MITRE ATLAS 5.6.0 (release 5.6.1 of May 2026), one a line with its subtechniques. */
export const ATLAS_TECHNIQUES = `
AML.T0000 Search Open Technical Databases | .000 Journals and Conference Proceedings | .001 Pre-Print Repositories | .002 Technical Blogs
AML.T0001 Search Open AI Vulnerability Analysis
AML.T0002 Acquire Public AI Artifacts | .000 Datasets | .001 Models | .002 AI Agent Configuration
AML.T0003 Search Victim-Owned Websites
AML.T0004 Search Application Repositories
AML.T0005 Create Proxy AI Model | .000 Train Proxy via Gathered AI Artifacts | .001 Train Proxy via Replication | .002 Use Pre-Trained Model
AML.T0006 Active Scanning
AML.T0007 Discover AI Artifacts
AML.T0008 Acquire Infrastructure | .000 AI Development Workspaces | .001 Consumer Hardware | .002 Domains | .003 Physical Countermeasures | .004 Serverless | .005 AI Service Proxies
AML.T0010 AI Supply Chain Compromise | .000 Hardware | .001 AI Software | .002 Data | .003 Model | .004 Container Registry | .005 AI Agent Tool
AML.T0011 User Execution | .000 Unsafe AI Artifacts | .001 Malicious Package | .002 Poisoned AI Agent Tool | .003 Malicious Link
AML.T0012 Valid Accounts
AML.T0013 Discover AI Model Ontology
AML.T0014 Discover AI Model Family
AML.T0015 Evade AI Model
AML.T0016 Obtain Capabilities | .000 Adversarial AI Attack Implementations | .001 Software Tools | .002 Generative AI
AML.T0017 Develop Capabilities | .000 Adversarial AI Attacks
AML.T0018 Manipulate AI Model | .000 Poison AI Model | .001 Modify AI Model Architecture | .002 Embed Malware
AML.T0019 Publish Poisoned Datasets
AML.T0020 Poison Training Data
AML.T0021 Establish Accounts
AML.T0024 Exfiltration via AI Inference API | .000 Infer Training Data Membership | .001 Invert AI Model | .002 Extract AI Model
AML.T0025 Exfiltration via Cyber Means
AML.T0029 Denial of AI Service
AML.T0031 Erode AI Model Integrity
AML.T0034 Cost Harvesting | .000 Excessive Queries | .001 Resource-Intensive Queries | .002 Agentic Resource Consumption
AML.T0035 AI Artifact Collection
AML.T0036 Data from Information Repositories
AML.T0037 Data from Local System
AML.T0040 AI Model Inference API Access
AML.T0041 Physical Environment Access
AML.T0042 Verify Attack
AML.T0043 Craft Adversarial Data | .000 White-Box Optimization | .001 Black-Box Optimization | .002 Black-Box Transfer | .003 Manual Modification | .004 Insert Backdoor Trigger
AML.T0044 Full AI Model Access
AML.T0046 Spamming AI System with Chaff Data
AML.T0047 AI-Enabled Product or Service
AML.T0048 External Harms | .000 Financial Harm | .001 Reputational Harm | .002 Societal Harm | .003 User Harm | .004 AI Intellectual Property Theft
AML.T0049 Exploit Public-Facing Application
AML.T0050 Command and Scripting Interpreter
AML.T0051 LLM Prompt Injection | .000 Direct | .001 Indirect | .002 Triggered
AML.T0052 Phishing | .000 Spearphishing via Social Engineering LLM | .001 Deepfake-Assisted Phishing
AML.T0053 AI Agent Tool Invocation
AML.T0054 LLM Jailbreak
AML.T0055 Unsecured Credentials
AML.T0056 Extract LLM System Prompt
AML.T0057 LLM Data Leakage
AML.T0058 Publish Poisoned Models
AML.T0059 Erode Dataset Integrity
AML.T0060 Publish Hallucinated Entities
AML.T0061 LLM Prompt Self-Replication
AML.T0062 Discover LLM Hallucinations
AML.T0063 Discover AI Model Outputs
AML.T0064 Gather RAG-Indexed Targets
AML.T0065 LLM Prompt Crafting
AML.T0066 Retrieval Content Crafting
AML.T0067 LLM Trusted Output Components Manipulation | .000 Citations
AML.T0068 LLM Prompt Obfuscation
AML.T0069 Discover LLM System Information | .000 Special Character Sets | .001 System Instruction Keywords | .002 System Prompt
AML.T0070 RAG Poisoning
AML.T0071 False RAG Entry Injection
AML.T0072 Reverse Shell
AML.T0073 Impersonation
AML.T0074 Masquerading
AML.T0075 Cloud Service Discovery
AML.T0076 Corrupt AI Model
AML.T0077 LLM Response Rendering
AML.T0078 Drive-by Compromise
AML.T0079 Stage Capabilities
AML.T0080 AI Agent Context Poisoning | .000 Memory | .001 Thread
AML.T0081 Modify AI Agent Configuration
AML.T0082 RAG Credential Harvesting
AML.T0083 Credentials from AI Agent Configuration
AML.T0084 Discover AI Agent Configuration | .000 Embedded Knowledge | .001 Tool Definitions | .002 Activation Triggers | .003 Call Chains
AML.T0085 Data from AI Services | .000 RAG Databases | .001 AI Agent Tools
AML.T0086 Exfiltration via AI Agent Tool Invocation
AML.T0087 Gather Victim Identity Information
AML.T0088 Generate Deepfakes
AML.T0089 Process Discovery
AML.T0090 OS Credential Dumping
AML.T0091 Use Alternate Authentication Material | .000 Application Access Token
AML.T0092 Manipulate User LLM Chat History
AML.T0093 Prompt Infiltration via Public-Facing Application
AML.T0094 Delay Execution of LLM Instructions
AML.T0095 Search Open Websites/Domains | .000 Code Repositories
AML.T0096 AI Service API
AML.T0097 Virtualization/Sandbox Evasion
AML.T0098 AI Agent Tool Credential Harvesting
AML.T0099 AI Agent Tool Data Poisoning
AML.T0100 AI Agent Clickbait
AML.T0101 Data Destruction via AI Agent Tool Invocation
AML.T0102 Generate Malicious Commands
AML.T0103 Deploy AI Agent
AML.T0104 Publish Poisoned AI Agent Tool
AML.T0105 Escape to Host
AML.T0106 Exploitation for Credential Access
AML.T0107 Exploitation for Defense Evasion
AML.T0108 AI Agent
AML.T0109 AI Supply Chain Rug Pull
AML.T0110 AI Agent Tool Poisoning
AML.T0111 AI Supply Chain Reputation Inflation
AML.T0112 Machine Compromise | .000 Local AI Agent | .001 AI Artifacts
`
