/**
 * Whether a variable asks for a container before the service, which waits for another service and which the chart does
 * not have. Whoever sets it counts on it.
 */
export function waits(name: string, value: string): boolean {
  return /^INIT_CONTAINER[12]_ENABLE$/.test(name) && !/^(?:false|0|)$/i.test(value);
}

export const waitingHint = 'remove it; let the program try again until the other service answers';
