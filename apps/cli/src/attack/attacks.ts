/** The attacks of demonstrations, by name. */
export const ATTACKS: Readonly<Record<string, { readonly summary: string }>> = {};
