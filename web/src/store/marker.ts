/**
 * A mark that there was an account here, in a cookie: browsers that delete what a site keeps leave cookies, so that one is led to recovery and
 * not to an empty account. It says nothing of whose it is.
 */
const NAME = 'tidings-account';
const YEAR = 365 * 86_400;

export function markAccount(): void {
  const secure = location.protocol === 'https:' ? '; Secure' : '';
  document.cookie = `${NAME}=1; Max-Age=${YEAR}; Path=/; SameSite=Strict${secure}`;
}

export function forgetMark(): void {
  document.cookie = `${NAME}=; Max-Age=0; Path=/; SameSite=Strict`;
}

export function wasHere(): boolean {
  return document.cookie.split('; ').includes(`${NAME}=1`);
}
