/** The language-model tools of package.json, by name. A test compares the two. */
export const AGENT_TOOLS = ['upload_to_oss', 'list_oss_uploads'] as const;

/** One of {@link AGENT_TOOLS}. */
export type AgentToolName = (typeof AGENT_TOOLS)[number];
