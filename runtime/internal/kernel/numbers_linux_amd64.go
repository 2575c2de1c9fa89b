package kernel

const (
	sysStatx       = 332
	sysMemfdCreate = 319
)
