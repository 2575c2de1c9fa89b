/**
 * Product lines of AMD processors with SEV-SNP. Each has a root key of its own, so which one evidence is of follows from
 * the pin that its chain leads to.
 */
export const snpProducts = ['Milan', 'Genoa', 'Turin'] as const;
export type SnpProduct = (typeof snpProducts)[number];

/** CPUID family and first and last model of each line (57230, 2.2; Genoa's root serves Bergamo and Siena, too). */
const models: Record<SnpProduct, readonly (readonly [family: number, from: number, to: number])[]> = {
  Milan: [[0x19, 0x00, 0x0f]],
  Genoa: [
    [0x19, 0x10, 0x1f],
    [0x19, 0xa0, 0xaf],
  ],
  Turin: [[0x1a, 0x00, 0x1f]],
};

/** Whether a processor of this family and model belongs to the line; reports say so from version 3 on. */
export function isOfProduct(product: SnpProduct, { family, model }: { family: number; model: number }): boolean {
  return models[product].some(([of, from, to]) => of === family && model >= from && model <= to);
}

/** Subjects of a line's authorities (57230, 1.5). */
export function authorityNames(product: SnpProduct): { ark: string; vcek: string; vlek: string } {
  return { ark: `ARK-${product}`, vcek: `SEV-${product}`, vlek: `SEV-VLEK-${product}` };
}

/**
 * Whether a certificate's productName is of the line: `Milan-B0`, with the stepping (VCEK), or `Milan` (VLEK).
 */
export function namesProduct(name: string, product: SnpProduct): boolean {
  return name === product || (name.startsWith(`${product}-`) && /^[A-Z][0-9]$/.test(name.slice(product.length + 1)));
}
