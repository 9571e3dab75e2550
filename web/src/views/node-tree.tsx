/** Who was invited by whom, as nested lists. */
import type { TreeAccount } from '../api/types';
import { size, t, when } from '../i18n';
import { me } from '../store/data';

/** Levels that are drawn with indentation; deeper ones stand at the last. */
const LEVELS_MAX = 8;

interface Branch {
  readonly account: TreeAccount;
  readonly guests: Branch[];
}

/** Accounts under those who invited them. An account whose host is not among them stands at the root. */
export function branches(accounts: readonly TreeAccount[]): Branch[] {
  const all = new Map<number, Branch>(accounts.map((account) => [account.number, { account, guests: [] }]));
  const roots: Branch[] = [];
  for (const branch of all.values()) {
    const { creator, number } = branch.account;
    // Nobody is invited by somebody who came later.
    const host = creator === null || creator >= number ? undefined : all.get(creator);
    (host?.guests ?? roots).push(branch);
  }
  return roots;
}

export function Tree({ accounts }: { readonly accounts: readonly TreeAccount[] }) {
  return <Level branches={branches(accounts)} depth={1} />;
}

function Level({ branches, depth }: { readonly branches: readonly Branch[]; readonly depth: number }) {
  return (
    <ul class={depth > 1 && depth <= LEVELS_MAX ? 'tree inner' : 'tree'}>
      {branches.map(({ account, guests }) => (
        <li key={account.number}>
          <Account account={account} />
          {guests.length > 0 && <Level branches={guests} depth={depth + 1} />}
        </li>
      ))}
    </ul>
  );
}

function Account({ account }: { readonly account: TreeAccount }) {
  const texts = t.value.home.node;
  const mine = account.key !== null && account.key === me.value?.identity;
  const facts = [
    account.kind === null ? texts.gone : account.seen === null ? texts.never : texts.seen(when(account.seen)),
    account.kind === 'piqchat' && account.kind,
    account.waiting > 0 && texts.waits(account.waiting, size(account.bytes)),
  ];
  return (
    <p class="fact">
      <strong>{texts.number(account.number)}{mine && ` (${texts.itself})`}</strong>
      <small>{facts.filter(Boolean).join(' · ')}</small>
    </p>
  );
}
