/** All pages that stand beside the list but the conversation: one file of their own, which is loaded with the first of them. */
import type { Route } from '../store/route';
import { Channel } from './channel';
import { Details } from './details';
import { Devices } from './devices';
import { Invite } from './invite';
import { WhatIsKnown } from './known';
import { NewChannel } from './new-channel';
import { NewGroup } from './new-group';
import { NewRoom } from './new-room';
import { YourNode } from './node';
import { OpenLink } from './open-link';
import { PeoplePage } from './people-page';
import { PersonPage } from './person';
import { Settings } from './settings';
import { Share } from './share';
import { Words } from './words';

export function Page({ to }: { readonly to: Route }) {
  switch (to.at) {
    case 'details': return <Details key={to.group} group={to.group} />;
    case 'invite': return <Invite />;
    case 'open': return <OpenLink />;
    case 'new-group': return <NewGroup />;
    case 'new-room': return <NewRoom />;
    case 'new-channel': return <NewChannel />;
    case 'channel': return <Channel key={to.channel} name={to.channel} />;
    case 'person': return <PersonPage key={to.identity} identity={to.identity} />;
    case 'share': return <Share />;
    case 'people': return <PeoplePage />;
    case 'settings': return <Settings />;
    case 'devices': return <Devices />;
    case 'words': return <Words />;
    case 'known': return <WhatIsKnown />;
    case 'node': return <YourNode />;
    default: return null;
  }
}
