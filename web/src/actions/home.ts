/** What the home node says when it is asked: what it knows, and how it is. */
import { command } from '../core';
import type { Findings, HomeQuestion, Known, Overview, OwnersInvitation } from '../api/types';

async function asked(question: HomeQuestion): Promise<string> {
  const outcome = await command({ ask_home: question });
  return typeof outcome === 'object' && 'text' in outcome ? outcome.text : '';
}

/** All that the node keeps of the account. */
export async function readKnown(): Promise<Known> {
  return JSON.parse(await asked('known')) as Known;
}

/** The node, as its owner sees it. */
export async function readOverview(): Promise<Overview> {
  return JSON.parse(await asked('overview')) as Overview;
}

/** What the doctor finds. It may take a minute. */
export async function readFindings(): Promise<Findings> {
  return JSON.parse(await asked('findings')) as Findings;
}

/** An invitation of the node's own. */
export async function inviteAsOwner(): Promise<OwnersInvitation> {
  return JSON.parse(await asked('invite')) as OwnersInvitation;
}

export async function withdrawInvitation(id: string): Promise<void> {
  await asked({ withdraw: id });
}
