package kernel

const (
	sysStatx       = 291
	sysMemfdCreate = 279
)
