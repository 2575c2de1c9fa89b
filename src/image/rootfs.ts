/** The types of `rootfs.json`; the room `oci` reads images by them, this one makes the list. */
export type { Entry, Mount, RootfsJson } from '../oci/rootfs.ts';
